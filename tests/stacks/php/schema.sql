CREATE TABLE IF NOT EXISTS engagements (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    workspace_id VARCHAR(64) NOT NULL,
    external_id VARCHAR(500) NOT NULL,
    source_system VARCHAR(100) NOT NULL,
    title VARCHAR(500) NOT NULL,
    type ENUM('CALL', 'MEETING') NOT NULL,
    media_url TEXT NOT NULL,
    run_workflows TINYINT(1) NOT NULL,
    is_private TINYINT(1) NOT NULL DEFAULT 0,
    owner_user_id VARCHAR(40) NOT NULL,
    participants JSON NULL,
    transcript_text MEDIUMTEXT NULL,
    start_at DATETIME NOT NULL,
    created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    UNIQUE KEY uq_external (workspace_id, external_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
