require 'ipaddr'
require 'net/http'
require 'resolv'

module Media
  class Error < StandardError; end

  PRIVATE = %w[
    10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 127.0.0.0/8 169.254.0.0/16 ::1/128 fe80::/10
  ].map { |range| IPAddr.new(range) }

  def self.check(url)
    uri = URI.parse(url)
    addresses = Resolv.getaddresses(uri.host)
    raise Error, 'media_url cannot be resolved' if addresses.empty?
    if addresses.any? { |address| PRIVATE.any? { |range| range.include?(address) } }
      raise Error, 'media_url must not resolve to a private or internal address'
    end

    response = Net::HTTP.start(uri.host, uri.port, use_ssl: true, open_timeout: 10, read_timeout: 30) do |http|
      http.request_get(uri.request_uri)
    end
    raise Error, "media_url answered with #{response.code}" unless response.is_a?(Net::HTTPSuccess)
    unless response['Content-Type'].to_s.match?(%r{^(audio|video)/})
      raise Error, 'media_url must serve an audio/* or video/* content type'
    end
  rescue SocketError, SystemCallError, Timeout::Error, OpenSSL::SSL::SSLError, IOError => e
    raise Error, "media_url cannot be fetched: #{e.message}"
  end
end
