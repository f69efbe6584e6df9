<?php
declare(strict_types=1);

function validate(array $data): array
{
    $errors = [];
    $fail = function (string $field, string $code, string $message) use (&$errors) {
        $errors[] = ['field' => $field, 'code' => $code, 'message' => $message];
    };

    foreach (['type', 'title', 'source_system', 'external_id', 'media_url'] as $field) {
        if (empty($data[$field])) {
            $fail($field, 'required', "$field is required.");
        } elseif (!is_string($data[$field])) {
            $fail($field, 'invalid_type', "$field must be a string.");
        }
    }
    if ($errors) {
        return $errors;
    }

    if (!in_array($data['type'], ['CALL', 'MEETING'])) {
        $fail('type', 'invalid_value', 'type must be CALL or MEETING.');
    }
    foreach (['title' => 500, 'source_system' => 100, 'external_id' => 500] as $field => $max) {
        if (mb_strlen($data[$field]) > $max) {
            $fail($field, 'too_long', "$field must not be longer than $max characters.");
        }
    }
    if (!filter_var($data['media_url'], FILTER_VALIDATE_URL) || parse_url($data['media_url'], PHP_URL_SCHEME) !== 'https') {
        $fail('media_url', 'invalid_url', 'media_url must be an https URL.');
    }
    if (!isset($data['run_workflows']) || !is_bool($data['run_workflows'])) {
        $fail('run_workflows', 'invalid_type', 'run_workflows is required and must be a boolean.');
    }
    if (isset($data['is_private']) && !is_bool($data['is_private'])) {
        $fail('is_private', 'invalid_type', 'is_private must be a boolean.');
    }
    if (isset($data['start_at']) && (!is_string($data['start_at']) || strtotime($data['start_at']) === false)) {
        $fail('start_at', 'invalid_date', 'start_at must be an ISO 8601 timestamp.');
    }
    if (isset($data['participants'])) {
        if (!is_array($data['participants'])) {
            $fail('participants', 'invalid_type', 'participants must be a list.');
        } else {
            foreach ($data['participants'] as $i => $participant) {
                if (!is_array($participant) || (empty($participant['name']) && empty($participant['email']))) {
                    $fail("participants[$i]", 'invalid_value', 'A participant needs a name or an email.');
                } elseif (!empty($participant['email']) && !filter_var($participant['email'], FILTER_VALIDATE_EMAIL)) {
                    $fail("participants[$i].email", 'invalid_value', 'email must be a valid email address.');
                }
            }
        }
    }
    if (isset($data['transcript_text'])) {
        if (!is_string($data['transcript_text'])) {
            $fail('transcript_text', 'invalid_type', 'transcript_text must be a string.');
        } elseif (mb_strlen($data['transcript_text']) > 900000 || strlen($data['transcript_text']) > 950000) {
            $fail('transcript_text', 'too_long', 'transcript_text is limited to 900,000 characters and 950,000 bytes.');
        }
    }
    return $errors;
}
