import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Create engagement with the HttpClient of the JDK: a first submission, the same once more, and one that is refused. */
public class Client {
  static final String URL = Objects.requireNonNullElse(System.getenv("ENGAGEMENTS_URL"), "http://127.0.0.1:4010/api");
  static final String CREDENTIAL =
      Objects.requireNonNullElse(System.getenv("ENGAGEMENTS_CREDENTIAL"), "sk-apik_writer.local");
  static final HttpClient HTTP = HttpClient.newHttpClient();

  public static void main(String[] arguments) throws Exception {
    String key = arguments.length > 0 ? arguments[0] : "examples:java";
    show(submit(key, "https://media.mock.test/ok.mp3?duration=90"));
    show(submit(key, "https://media.mock.test/ok.mp3?duration=90"));
    show(submit(key + ":page", "https://media.mock.test/page.html"));
  }

  /** Submit a call. While the server is busy, wait as long as it says. The same external_id makes that safe. */
  static HttpResponse<String> submit(String key, String media) throws Exception {
    String call = """
        {"type": "CALL", "title": "First call with Acme", "source_system": "examples",
         "external_id": "%s", "media_url": "%s", "run_workflows": false}""".formatted(key, media);
    HttpRequest request = HttpRequest.newBuilder(URI.create(URL + "/v2/engagements"))
        .timeout(Duration.ofSeconds(60))
        .expectContinue(Boolean.getBoolean("expectContinue")) // java -DexpectContinue=true Client.java
        .header("Authorization", "Bearer " + CREDENTIAL)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(call))
        .build();
    for (int attempt = 0; ; attempt++) {
      HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
      boolean busy = response.statusCode() == 409 || response.statusCode() == 429 || response.statusCode() >= 500;
      if (!busy || attempt == 4) return response;
      Thread.sleep(1000 * response.headers().firstValueAsLong("Retry-After").orElse(1L << attempt));
    }
  }

  /** The JDK has no JSON parser, so this looks for the texts. Use the parser of your project instead. */
  static void show(HttpResponse<String> response) {
    String wanted = response.statusCode() < 300 ? "id" : "detail|message";
    Pattern text = Pattern.compile("\"(?:" + wanted + ")\": ?\"((?:[^\"\\\\]|\\\\.)*)\"");
    System.out.println(text.matcher(response.body()).results().map(found -> found.group(1))
        .collect(Collectors.joining("\n    ", response.statusCode() + " ", "")));
  }
}
