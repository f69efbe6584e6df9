import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.ApiResponse;
import org.openapitools.client.api.EngagementsApi;
import org.openapitools.client.model.CreateEngagement;
import org.openapitools.client.model.Engagement;
import org.openapitools.client.model.FieldError;
import org.openapitools.client.model.Participant;
import org.openapitools.client.model.Problem;

/** A program around the Java client of OpenAPI Generator: sends the calls of stdin, prints the answers. */
public class Driver {
  public static void main(String[] arguments) throws Exception {
    ObjectMapper json = new ObjectMapper();
    JsonNode order = json.readTree(System.in);
    List<Map<String, Object>> answers = new ArrayList<>();
    for (JsonNode call : order.get("calls")) {
      answers.add(answer(order.get("base_url").asText(), call));
    }
    json.writeValue(System.out, answers);
  }

  /** With people a submission has all optional fields, without it has none. */
  static CreateEngagement submission(JsonNode call) {
    CreateEngagement plain = new CreateEngagement()
        .type(CreateEngagement.TypeEnum.CALL)
        .title("Überblick 通話")
        .sourceSystem("clients")
        .externalId(call.get("external_id").asText())
        .mediaUrl(URI.create(call.get("media_url").asText()))
        .runWorkflows(false);
    for (JsonNode person : call.get("people")) {
      plain.startAt(OffsetDateTime.parse("2026-03-02T09:30:00+01:00")).isPrivate(false).transcriptText("Good morning.");
      plain.addParticipantsItem(new Participant().name(person.path("name").textValue()).email(person.path("email").textValue()));
    }
    return plain;
  }

  static Map<String, Object> answer(String baseUrl, JsonNode call) throws Exception {
    ApiClient client = new ApiClient();
    client.updateBaseUri(baseUrl);
    client.setRequestInterceptor(request -> {
      request.header("Authorization", "Bearer " + call.get("credential").asText());
      call.get("headers").fields().forEachRemaining(header -> request.header(header.getKey(), header.getValue().asText()));
    });
    Map<String, Object> told = new LinkedHashMap<>();
    try {
      ApiResponse<Engagement> response = new EngagementsApi(client).createEngagementWithHttpInfo(submission(call));
      Engagement engagement = response.getData();
      told.put("status", response.getStatusCode());
      told.put("retry_after", null);
      told.put("id", engagement.getId());
      told.put("title", engagement.getTitle());
      told.put("kind", engagement.getEngagementType().getValue());
      told.put("start", engagement.getStartAt().toEpochSecond());
      told.put("seconds", engagement.getDurationSeconds());
    } catch (ApiException refusal) {
      Problem problem = client.getObjectMapper().readValue(refusal.getResponseBody(), Problem.class);
      List<List<String>> errors = new ArrayList<>();
      for (FieldError error : problem.getErrors() == null ? List.<FieldError>of() : problem.getErrors()) {
        errors.add(List.of(error.getField(), error.getCode(), error.getMessage()));
      }
      told.put("status", refusal.getCode());
      told.put("retry_after", refusal.getResponseHeaders().firstValue("Retry-After").orElse(null));
      told.put("type", problem.getType());
      told.put("detail", problem.getDetail());
      told.put("request_id", problem.getRequestId());
      told.put("errors", errors);
    }
    return told;
  }
}
