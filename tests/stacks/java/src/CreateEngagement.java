import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;

/** The body of the request. */
class CreateEngagement {
    enum Type { CALL, MEETING }

    static class Participant {
        public String name;
        public String email;
    }

    public Type type;
    public String title;
    public String sourceSystem;
    public String externalId;
    public String mediaUrl;
    public Boolean runWorkflows;
    public Date startAt;
    public Boolean isPrivate;
    public List<Participant> participants;
    public String transcriptText;

    List<ApiException.FieldError> validate() {
        List<ApiException.FieldError> errors = new ArrayList<>();
        if (type == null) {
            errors.add(new ApiException.FieldError("type", "required", "type is required"));
        }
        text(errors, "title", title, 500);
        text(errors, "source_system", sourceSystem, 100);
        text(errors, "external_id", externalId, 500);
        text(errors, "media_url", mediaUrl, 2048);
        if (runWorkflows == null) {
            errors.add(new ApiException.FieldError("run_workflows", "required", "run_workflows is required"));
        }
        if (participants != null) {
            for (Participant participant : participants) {
                if (participant.name == null && participant.email == null) {
                    errors.add(new ApiException.FieldError("participants", "invalid", "a participant needs a name or an email"));
                }
            }
        }
        if (transcriptText != null && (transcriptText.length() > 900_000
            || transcriptText.getBytes(StandardCharsets.UTF_8).length > 950_000)) {
            errors.add(new ApiException.FieldError("transcript_text", "too_long", "transcript_text is too long"));
        }
        return errors;
    }

    private static void text(List<ApiException.FieldError> errors, String field, String value, int max) {
        if (value == null || value.isBlank()) {
            errors.add(new ApiException.FieldError(field, "required", field + " is required"));
        } else if (value.length() > max) {
            errors.add(new ApiException.FieldError(field, "too_long", field + " must have at most " + max + " characters"));
        }
    }
}
