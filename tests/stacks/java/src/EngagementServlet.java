import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

class EngagementServlet extends HttpServlet {
    private final ObjectMapper mapper;
    private final Map<String, Credential> credentials;
    private final EngagementRepository repository;
    private final MediaChecker media = new MediaChecker();

    EngagementServlet(ObjectMapper mapper, Map<String, Credential> credentials, EngagementRepository repository) {
        this.mapper = mapper;
        this.credentials = credentials;
        this.repository = repository;
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        response.setHeader("X-Api-Version", "v2");
        try {
            Credential credential = authenticate(request);
            CreateEngagement body = read(request);
            create(response, credential, body);
        } catch (ApiException e) {
            problem(response, e);
        } catch (Exception e) {
            log("request failed", e);
            problem(response, new ApiException(500, "internal_error", "Internal server error"));
        }
    }

    private Credential authenticate(HttpServletRequest request) {
        String header = request.getHeader("Authorization");
        if (header == null || !header.startsWith("Bearer ")) {
            throw new ApiException(401, "unauthorized", "A bearer token is required");
        }
        Credential credential = credentials.get(header.substring(7).trim());
        if (credential == null) {
            throw new ApiException(401, "unauthorized", "The token is invalid");
        }
        if (!credential.scopes.contains("engagements:write")) {
            throw new ApiException(403, "forbidden", "The scope engagements:write is required");
        }
        return credential;
    }

    private CreateEngagement read(HttpServletRequest request) throws IOException {
        CreateEngagement body;
        try {
            body = mapper.readValue(request.getInputStream(), CreateEngagement.class);
        } catch (JsonMappingException e) {
            String field = e.getPath().stream().map(r -> r.getFieldName() == null ? "" + r.getIndex() : r.getFieldName())
                .collect(Collectors.joining("."));
            throw ApiException.field(field, "invalid", e.getOriginalMessage());
        } catch (JsonProcessingException e) {
            throw new ApiException(400, "bad_request", "The body is not valid JSON");
        }
        List<ApiException.FieldError> errors = body.validate();
        if (!errors.isEmpty()) {
            throw new ApiException(422, "validation_failed", "The body is invalid", errors);
        }
        return body;
    }

    private void create(HttpServletResponse response, Credential credential, CreateEngagement body) throws Exception {
        Engagement existing = repository.find(credential.workspace, body.externalId);
        if (existing != null) {
            send(response, 200, "application/json", existing);
            return;
        }
        media.check(body.mediaUrl);
        int status = 201;
        try {
            repository.insert(credential, body, mapper.writeValueAsString(body.participants));
        } catch (SQLIntegrityConstraintViolationException e) {
            status = 200;
        }
        send(response, status, "application/json", repository.find(credential.workspace, body.externalId));
    }

    private void problem(HttpServletResponse response, ApiException e) throws IOException {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("type", "https://app.askelephant.ai/errors/" + e.code);
        body.put("title", e.code.replace('_', ' '));
        body.put("status", e.status);
        body.put("detail", e.getMessage());
        body.put("request_id", "rid_" + UUID.randomUUID().toString().replace("-", ""));
        if (e.errors != null) {
            body.put("errors", e.errors);
        }
        send(response, e.status, "application/problem+json", body);
    }

    private void send(HttpServletResponse response, int status, String type, Object body) throws IOException {
        response.setStatus(status);
        response.setContentType(type);
        mapper.writeValue(response.getOutputStream(), body);
    }
}
