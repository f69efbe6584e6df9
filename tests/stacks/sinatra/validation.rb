require 'time'
require 'uri'

module Validation
  STRINGS = { 'title' => 500, 'source_system' => 100, 'external_id' => 500 }.freeze

  def self.errors(data)
    errors = []
    add = ->(field, code, message) { errors << { field: field, code: code, message: message } }

    add.call('type', 'invalid', 'must be CALL or MEETING') unless %w[CALL MEETING].include?(data['type'])

    STRINGS.each do |field, limit|
      value = data[field]
      if !value.is_a?(String) || value.strip.empty?
        add.call(field, 'required', 'must be a non-empty string')
      elsif value.length > limit
        add.call(field, 'too_long', "must have at most #{limit} characters")
      end
    end

    add.call('media_url', 'invalid', 'must be an https URL') unless https?(data['media_url'])

    add.call('run_workflows', 'invalid', 'must be true or false') unless [true, false].include?(data['run_workflows'])

    if data['is_private'] && ![true, false].include?(data['is_private'])
      add.call('is_private', 'invalid', 'must be true or false')
    end

    add.call('start_at', 'invalid', 'must be an ISO 8601 timestamp') if data['start_at'] && !time?(data['start_at'])

    participants(data['participants'], add) if data['participants']
    transcript(data['transcript_text'], add) if data['transcript_text']
    errors
  end

  def self.https?(value)
    uri = URI.parse(value)
    uri.is_a?(URI::HTTPS) && !uri.host.to_s.empty?
  rescue URI::InvalidURIError
    false
  end

  def self.time?(value)
    Time.iso8601(value)
    true
  rescue ArgumentError
    false
  end

  def self.participants(list, add)
    return add.call('participants', 'invalid', 'must be a list') unless list.is_a?(Array)

    list.each_with_index do |participant, index|
      field = "participants.#{index}"
      name, email = participant.values_at('name', 'email')
      if name.to_s.empty? && email.to_s.empty?
        add.call(field, 'invalid', 'needs a name or an email')
      elsif email && email !~ URI::MailTo::EMAIL_REGEXP
        add.call("#{field}.email", 'invalid', 'must be an e-mail address')
      end
    end
  end

  def self.transcript(text, add)
    if !text.is_a?(String)
      add.call('transcript_text', 'invalid', 'must be a string')
    elsif text.length > 900_000 || text.bytesize > 950_000
      add.call('transcript_text', 'too_long', 'must have at most 900000 characters and 950000 bytes')
    end
  end
end
