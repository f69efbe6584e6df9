<?php
declare(strict_types=1);

require __DIR__ . '/media.php';
require __DIR__ . '/validation.php';

date_default_timezone_set('UTC');
header('X-Api-Version: v2');

function problem(int $status, string $code, string $title, string $detail, array $errors = []): never
{
    http_response_code($status);
    header('Content-Type: application/problem+json');
    $body = [
        'type' => "https://app.askelephant.ai/errors/$code",
        'title' => $title,
        'status' => $status,
        'detail' => $detail,
        'request_id' => 'rid_' . bin2hex(random_bytes(12)),
    ];
    if ($errors) {
        $body['errors'] = $errors;
    }
    echo json_encode($body);
    exit;
}

set_exception_handler(function (Throwable $e) {
    error_log((string) $e);
    problem(500, 'internal_error', 'Internal server error', 'An unexpected error occurred.');
});

function db(): PDO
{
    $url = parse_url(getenv('DATABASE_URL'));
    $dsn = sprintf('mysql:host=%s;port=%d;dbname=%s;charset=utf8mb4', $url['host'], $url['port'] ?? 3306, ltrim($url['path'], '/'));
    return new PDO($dsn, $url['user'] ?? 'root', $url['pass'] ?? '', [
        PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
    ]);
}

function authenticate(): array
{
    $header = $_SERVER['HTTP_AUTHORIZATION'] ?? '';
    if (!preg_match('/^Bearer\s+(.+)$/i', $header, $m)) {
        problem(401, 'unauthorized', 'Unauthorized', 'Missing bearer token.');
    }
    $credentials = json_decode(file_get_contents(getenv('CREDENTIALS_FILE')), true);
    $credential = $credentials[trim($m[1])] ?? null;
    if ($credential === null) {
        problem(401, 'unauthorized', 'Unauthorized', 'The token is not valid.');
    }
    if (!in_array('engagements:write', $credential['scopes'])) {
        problem(403, 'forbidden', 'Forbidden', 'This operation requires the engagements:write scope.');
    }
    return $credential;
}

function find(PDO $db, string $workspace, string $externalId): ?array
{
    $stmt = $db->prepare('SELECT * FROM engagements WHERE workspace_id = ? AND external_id = ?');
    $stmt->execute([$workspace, $externalId]);
    return $stmt->fetch() ?: null;
}

function respond(int $status, array $row): never
{
    $date = fn (string $value) => (new DateTimeImmutable($value))->format('Y-m-d\TH:i:s\Z');
    http_response_code($status);
    header('Content-Type: application/json');
    echo json_encode([
        'object' => 'engagement',
        'id' => $row['id'],
        'title' => $row['title'],
        'engagement_type' => $row['type'],
        'processing_status' => 'PENDING',
        'is_private' => (bool) $row['is_private'],
        'created_at' => $date($row['created_at']),
        'updated_at' => $date($row['updated_at']),
        'engagement_at' => $date($row['start_at']),
        'start_at' => $date($row['start_at']),
        'owner_user_id' => $row['owner_user_id'],
    ], JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    exit;
}

function create(PDO $db, array $credential, array $data): void
{
    $start = new DateTimeImmutable($data['start_at'] ?? 'now');
    $stmt = $db->prepare('INSERT INTO engagements (id, workspace_id, external_id, source_system, title, type, media_url,
        run_workflows, is_private, owner_user_id, participants, transcript_text, start_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    $stmt->execute([
        'ngmt_' . bin2hex(random_bytes(13)),
        $credential['workspace'],
        $data['external_id'],
        $data['source_system'],
        $data['title'],
        $data['type'],
        $data['media_url'],
        (int) $data['run_workflows'],
        (int) ($data['is_private'] ?? false),
        $credential['user'],
        isset($data['participants']) ? json_encode($data['participants']) : null,
        $data['transcript_text'] ?? null,
        $start->setTimezone(new DateTimeZone('UTC'))->format('Y-m-d H:i:s'),
    ]);
}

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path !== '/api/v2/engagements') {
    problem(404, 'not_found', 'Not found', 'No such resource.');
}
if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    header('Allow: POST');
    problem(405, 'method_not_allowed', 'Method not allowed', 'Use POST.');
}

$credential = authenticate();
$data = json_decode(file_get_contents('php://input'), true);
if (!is_array($data)) {
    problem(400, 'bad_request', 'Bad request', 'The request body must be a JSON object.');
}
$errors = validate($data);
if ($errors) {
    problem(422, 'validation_failed', 'Validation failed', 'The request body is invalid.', $errors);
}

$db = db();
$existing = find($db, $credential['workspace'], $data['external_id']);
if ($existing) {
    respond(200, $existing);
}
$error = check_media($data['media_url']);
if ($error !== null) {
    problem(422, 'validation_failed', 'Validation failed', $error, [
        ['field' => 'media_url', 'code' => 'invalid', 'message' => $error],
    ]);
}
try {
    create($db, $credential, $data);
    $status = 201;
} catch (PDOException $e) {
    if ($e->getCode() !== '23000') {
        throw $e;
    }
    $status = 200; // somebody else was faster
}
respond($status, find($db, $credential['workspace'], $data['external_id']));
