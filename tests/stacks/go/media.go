package main

import (
	"context"
	"errors"
	"mime"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// The control function sees the address that is dialled, after the name was resolved and for every redirect.
var client = &http.Client{
	Timeout: 20 * time.Second,
	Transport: &http.Transport{
		DialContext: (&net.Dialer{Timeout: 5 * time.Second, Control: refusePrivate}).DialContext,
	},
}

func refusePrivate(network, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() {
		return errors.New("media_url must not point to a private or internal address")
	}
	return nil
}

func checkMedia(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return errors.New("media_url is not a valid URL")
	}
	resp, err := client.Do(req)
	if err != nil {
		return errors.New("media_url could not be fetched")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New("media_url could not be fetched: " + resp.Status)
	}
	mediaType, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || !(strings.HasPrefix(mediaType, "audio/") || strings.HasPrefix(mediaType, "video/")) {
		return errors.New("media_url must serve an audio/* or video/* content type")
	}
	return nil
}
