import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.Date;
import java.util.UUID;
import org.h2.jdbcx.JdbcConnectionPool;

class EngagementRepository {
    private static final String SCHEMA = """
        CREATE TABLE IF NOT EXISTS engagements (
            id VARCHAR(40) PRIMARY KEY,
            workspace_id VARCHAR(64) NOT NULL,
            external_id VARCHAR(500) NOT NULL,
            source_system VARCHAR(100) NOT NULL,
            title VARCHAR(500) NOT NULL,
            type VARCHAR(10) NOT NULL,
            media_url VARCHAR(2048) NOT NULL,
            run_workflows BOOLEAN NOT NULL,
            is_private BOOLEAN NOT NULL,
            owner_user_id VARCHAR(40) NOT NULL,
            participants CLOB,
            transcript_text CLOB,
            start_at TIMESTAMP NOT NULL,
            created_at TIMESTAMP NOT NULL,
            updated_at TIMESTAMP NOT NULL,
            UNIQUE (workspace_id, external_id)
        )""";

    private final JdbcConnectionPool pool;

    EngagementRepository(String url) throws SQLException {
        pool = JdbcConnectionPool.create(url, "sa", "");
        try (Connection connection = pool.getConnection(); Statement statement = connection.createStatement()) {
            statement.execute(SCHEMA);
        }
    }

    Engagement find(String workspace, String externalId) throws SQLException {
        try (Connection connection = pool.getConnection(); PreparedStatement statement = connection.prepareStatement(
            "SELECT * FROM engagements WHERE workspace_id = ? AND external_id = ?")) {
            statement.setString(1, workspace);
            statement.setString(2, externalId);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? map(rows) : null;
            }
        }
    }

    void insert(Credential credential, CreateEngagement body, String participants) throws SQLException {
        Timestamp now = new Timestamp(System.currentTimeMillis());
        try (Connection connection = pool.getConnection(); PreparedStatement statement = connection.prepareStatement(
            "INSERT INTO engagements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
            statement.setString(1, "ngmt_" + UUID.randomUUID().toString().replace("-", ""));
            statement.setString(2, credential.workspace);
            statement.setString(3, body.externalId);
            statement.setString(4, body.sourceSystem);
            statement.setString(5, body.title);
            statement.setString(6, body.type.name());
            statement.setString(7, body.mediaUrl);
            statement.setBoolean(8, body.runWorkflows);
            statement.setBoolean(9, body.isPrivate != null && body.isPrivate);
            statement.setString(10, credential.user);
            statement.setString(11, participants);
            statement.setString(12, body.transcriptText);
            statement.setTimestamp(13, body.startAt == null ? now : new Timestamp(body.startAt.getTime()));
            statement.setTimestamp(14, now);
            statement.setTimestamp(15, now);
            statement.executeUpdate();
        }
    }

    private Engagement map(ResultSet row) throws SQLException {
        Engagement engagement = new Engagement();
        engagement.id = row.getString("id");
        engagement.title = row.getString("title");
        engagement.engagementType = row.getString("type");
        engagement.isPrivate = row.getBoolean("is_private");
        engagement.createdAt = new Date(row.getTimestamp("created_at").getTime());
        engagement.updatedAt = new Date(row.getTimestamp("updated_at").getTime());
        engagement.startAt = new Date(row.getTimestamp("start_at").getTime());
        engagement.engagementAt = engagement.startAt;
        engagement.ownerUserId = row.getString("owner_user_id");
        return engagement;
    }
}
