<?php
declare(strict_types=1);

/** Returns what is wrong with the recording, or null. */
function check_media(string $url): ?string
{
    $ip = gethostbyname(parse_url($url, PHP_URL_HOST));
    if (!filter_var($ip, FILTER_VALIDATE_IP, FILTER_FLAG_NO_PRIV_RANGE | FILTER_FLAG_NO_RES_RANGE)) {
        return 'media_url must point to a public host.';
    }

    $curl = curl_init($url);
    curl_setopt_array($curl, [
        CURLOPT_NOBODY => true,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_FOLLOWLOCATION => true,
        CURLOPT_MAXREDIRS => 5,
        CURLOPT_PROTOCOLS => CURLPROTO_HTTPS,
        CURLOPT_REDIR_PROTOCOLS => CURLPROTO_HTTPS,
        CURLOPT_CONNECTTIMEOUT => 5,
        CURLOPT_TIMEOUT => 15,
    ]);
    if (curl_exec($curl) === false || curl_getinfo($curl, CURLINFO_HTTP_CODE) !== 200) {
        return 'media_url could not be fetched.';
    }
    $type = curl_getinfo($curl, CURLINFO_CONTENT_TYPE) ?: '';
    if (!preg_match('#^(audio|video)/#i', $type)) {
        return 'media_url must serve an audio/* or video/* content type.';
    }
    return null;
}
