import java.util.List;

class Credential {
    public String workspace;
    public String user;
    public List<String> scopes;
}
