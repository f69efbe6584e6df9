import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

class MediaChecker {
    private final HttpClient client = HttpClient.newBuilder()
        .connectTimeout(Duration.ofSeconds(5))
        .followRedirects(HttpClient.Redirect.NORMAL)
        .build();

    void check(String mediaUrl) throws InterruptedException {
        URI uri;
        try {
            uri = new URI(mediaUrl);
        } catch (java.net.URISyntaxException e) {
            throw ApiException.field("media_url", "invalid", "media_url is not a valid URL");
        }
        checkPublic(uri);
        HttpResponse<InputStream> response;
        try {
            HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(20)).GET().build();
            response = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
            response.body().close();
        } catch (IOException e) {
            throw ApiException.field("media_url", "unreachable", "media_url could not be fetched");
        }
        checkPublic(response.uri());
        if (response.statusCode() != 200) {
            throw ApiException.field("media_url", "unreachable", "media_url answered with " + response.statusCode());
        }
        String type = response.headers().firstValue("Content-Type").orElse("");
        if (!type.startsWith("audio/") && !type.startsWith("video/")) {
            throw ApiException.field("media_url", "not_media", "media_url must serve audio/* or video/*");
        }
    }

    private void checkPublic(URI uri) {
        if (!"https".equals(uri.getScheme()) || uri.getHost() == null) {
            throw ApiException.field("media_url", "invalid", "media_url must be an https URL");
        }
        try {
            for (InetAddress address : InetAddress.getAllByName(uri.getHost())) {
                if (address.isSiteLocalAddress() || address.isLoopbackAddress() || address.isLinkLocalAddress()
                    || address.isAnyLocalAddress()) {
                    throw ApiException.field("media_url", "private_address", "media_url must not point to a private address");
                }
            }
        } catch (UnknownHostException e) {
            throw ApiException.field("media_url", "unreachable", "the host of media_url does not resolve");
        }
    }
}
