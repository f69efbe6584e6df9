import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.util.Map;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;

public class Main {
    public static void main(String[] args) throws Exception {
        ObjectMapper mapper = Json.mapper();
        Map<String, Credential> credentials = mapper.readValue(new File(System.getenv("CREDENTIALS_FILE")),
            mapper.getTypeFactory().constructMapType(Map.class, String.class, Credential.class));
        EngagementRepository repository = new EngagementRepository(System.getenv("DATABASE_URL"));

        Server server = new Server(Integer.parseInt(System.getenv("PORT")));
        ServletContextHandler context = new ServletContextHandler();
        context.setContextPath("/api");
        context.addServlet(new ServletHolder(new EngagementServlet(mapper, credentials, repository)), "/v2/engagements");
        server.setHandler(context);
        server.start();
        server.join();
    }
}
