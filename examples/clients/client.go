// Create engagement with net/http: a first submission, the same once more, and one that is refused.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"
)

var client = http.Client{Timeout: 60 * time.Second}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// submit sends a call. While the server is busy, it waits as long as it says. The same external_id makes that safe.
func submit(key, media string) {
	body := fmt.Sprintf(`{"type": "CALL", "title": "First call with Acme", "source_system": "examples",
		"external_id": %q, "media_url": %q, "run_workflows": false}`, key, media)
	for attempt := 0; ; attempt++ {
		url := setting("ENGAGEMENTS_URL", "http://127.0.0.1:4010/api") + "/v2/engagements"
		request, _ := http.NewRequest("POST", url, bytes.NewBufferString(body))
		request.Header.Set("Authorization", "Bearer "+setting("ENGAGEMENTS_CREDENTIAL", "sk-apik_writer.local"))
		request.Header.Set("Content-Type", "application/json")
		response, err := client.Do(request)
		if err != nil {
			log.Fatal(err)
		}
		defer response.Body.Close()
		busy := response.StatusCode == 409 || response.StatusCode == 429 || response.StatusCode >= 500
		if !busy || attempt == 4 {
			show(response)
			return
		}
		seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
		if err != nil {
			seconds = 1 << attempt
		}
		time.Sleep(time.Duration(seconds) * time.Second)
	}
}

func show(response *http.Response) {
	var told struct {
		ID, Detail string
		Errors     []struct{ Field, Message string }
	}
	if err := json.NewDecoder(response.Body).Decode(&told); err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode, told.ID+told.Detail)
	for _, broken := range told.Errors {
		fmt.Println("   ", broken.Field, broken.Message)
	}
}

func main() {
	key := append(os.Args[1:], "examples:go")[0]
	submit(key, "https://media.mock.test/ok.mp3?duration=90")
	submit(key, "https://media.mock.test/ok.mp3?duration=90")
	submit(key+":page", "https://media.mock.test/page.html")
}
