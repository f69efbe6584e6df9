import java.util.List;

class ApiException extends RuntimeException {
    record FieldError(String field, String code, String message) {}

    final int status;
    final String code;
    final List<FieldError> errors;

    ApiException(int status, String code, String message) {
        this(status, code, message, null);
    }

    ApiException(int status, String code, String message, List<FieldError> errors) {
        super(message);
        this.status = status;
        this.code = code;
        this.errors = errors;
    }

    static ApiException field(String field, String code, String message) {
        return new ApiException(422, "validation_failed", message, List.of(new FieldError(field, code, message)));
    }
}
