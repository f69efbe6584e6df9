package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"log"
	"net/http"
	"net/mail"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

type Credential struct {
	Workspace string   `json:"workspace"`
	User      string   `json:"user"`
	Scopes    []string `json:"scopes"`
}

type Participant struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

type CreateEngagement struct {
	Type           string        `json:"type"`
	Title          string        `json:"title"`
	SourceSystem   string        `json:"source_system"`
	ExternalID     string        `json:"external_id"`
	MediaURL       string        `json:"media_url"`
	RunWorkflows   *bool         `json:"run_workflows"`
	StartAt        *time.Time    `json:"start_at"`
	IsPrivate      bool          `json:"is_private"`
	Participants   []Participant `json:"participants"`
	TranscriptText string        `json:"transcript_text"`
}

type Engagement struct {
	Object           string    `json:"object"`
	ID               string    `json:"id"`
	Title            string    `json:"title"`
	EngagementType   string    `json:"engagement_type"`
	ProcessingStatus string    `json:"processing_status"`
	IsPrivate        bool      `json:"is_private"`
	CreatedAt        time.Time `json:"created_at"`
	UpdatedAt        time.Time `json:"updated_at"`
	EngagementAt     time.Time `json:"engagement_at"`
	StartAt          time.Time `json:"start_at"`
	OwnerUserID      string    `json:"owner_user_id"`
}

type FieldError struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

type Problem struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Detail    string       `json:"detail"`
	RequestID string       `json:"request_id"`
	Errors    []FieldError `json:"errors,omitempty"`
}

type Server struct {
	credentials map[string]Credential
	mu          sync.Mutex
	engagements map[string]*Engagement
}

func newID(prefix string) string {
	b := make([]byte, 13)
	rand.Read(b)
	return prefix + hex.EncodeToString(b)
}

func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func writeProblem(w http.ResponseWriter, status int, code, detail string, errs ...FieldError) {
	writeJSON(w, status, "application/problem+json", Problem{
		Type:      "https://app.askelephant.ai/errors/" + code,
		Title:     http.StatusText(status),
		Status:    status,
		Detail:    detail,
		RequestID: newID("rid_"),
		Errors:    errs,
	})
}

func (s *Server) authenticate(r *http.Request) (*Credential, int) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	credential, ok := s.credentials[token]
	if !ok {
		return nil, http.StatusUnauthorized
	}
	for _, scope := range credential.Scopes {
		if scope == "engagements:write" {
			return &credential, 0
		}
	}
	return nil, http.StatusForbidden
}

func (c *CreateEngagement) validate() []FieldError {
	var errs []FieldError
	fail := func(field, code, message string) {
		errs = append(errs, FieldError{field, code, message})
	}
	if c.Type != "CALL" && c.Type != "MEETING" {
		fail("type", "invalid", "type must be CALL or MEETING")
	}
	for _, f := range []struct {
		name, value string
		max         int
	}{{"title", c.Title, 500}, {"source_system", c.SourceSystem, 100}, {"external_id", c.ExternalID, 500}} {
		if f.value == "" {
			fail(f.name, "required", f.name+" is required")
		} else if utf8.RuneCountInString(f.value) > f.max {
			fail(f.name, "too_long", f.name+" is too long")
		}
	}
	if !strings.HasPrefix(c.MediaURL, "https://") {
		fail("media_url", "invalid", "media_url must be an https URL")
	}
	if c.RunWorkflows == nil {
		fail("run_workflows", "required", "run_workflows is required")
	}
	for _, p := range c.Participants {
		if p.Name == "" && p.Email == "" {
			fail("participants", "invalid", "a participant needs a name or an email")
		}
		if _, err := mail.ParseAddress(p.Email); p.Email != "" && err != nil {
			fail("participants", "invalid", "email is not valid")
		}
	}
	if utf8.RuneCountInString(c.TranscriptText) > 900000 || len(c.TranscriptText) > 950000 {
		fail("transcript_text", "too_long", "transcript_text is too long")
	}
	return errs
}

func (s *Server) create(w http.ResponseWriter, r *http.Request) {
	credential, status := s.authenticate(r)
	if status == http.StatusUnauthorized {
		writeProblem(w, status, "unauthorized", "missing or invalid credential")
		return
	}
	if status == http.StatusForbidden {
		writeProblem(w, status, "forbidden", "the scope engagements:write is required")
		return
	}
	var body CreateEngagement
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<20)).Decode(&body); err != nil {
		if typeErr, ok := err.(*json.UnmarshalTypeError); ok {
			writeProblem(w, 422, "validation_failed", "the body is invalid",
				FieldError{typeErr.Field, "invalid_type", "must be a " + typeErr.Type.String()})
			return
		}
		writeProblem(w, 400, "bad_request", "the body is not valid JSON: "+err.Error())
		return
	}
	if errs := body.validate(); len(errs) > 0 {
		writeProblem(w, 422, "validation_failed", "the body is invalid", errs...)
		return
	}

	key := credential.Workspace + ":" + body.ExternalID
	s.mu.Lock()
	existing := s.engagements[key]
	s.mu.Unlock()
	if existing != nil {
		writeJSON(w, 200, "application/json", existing)
		return
	}
	if err := checkMedia(r.Context(), body.MediaURL); err != nil {
		writeProblem(w, 422, "validation_failed", err.Error(), FieldError{"media_url", "invalid_media", err.Error()})
		return
	}

	now := time.Now().UTC()
	start := now
	if body.StartAt != nil {
		start = *body.StartAt
	}
	engagement := &Engagement{
		Object: "engagement", ID: newID("ngmt_"), Title: body.Title, EngagementType: body.Type,
		ProcessingStatus: "PENDING", IsPrivate: body.IsPrivate, CreatedAt: now, UpdatedAt: now,
		EngagementAt: start, StartAt: start, OwnerUserID: credential.User,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if existing, ok := s.engagements[key]; ok {
		writeJSON(w, 200, "application/json", existing)
		return
	}
	s.engagements[key] = engagement
	writeJSON(w, 201, "application/json", engagement)
}

func main() {
	data, err := os.ReadFile(os.Getenv("CREDENTIALS_FILE"))
	if err != nil {
		log.Fatal(err)
	}
	server := &Server{engagements: map[string]*Engagement{}}
	if err := json.Unmarshal(data, &server.credentials); err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/api/v2/engagements", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Api-Version", "v2")
		if r.Method != http.MethodPost {
			writeProblem(w, 405, "method_not_allowed", "use POST")
			return
		}
		server.create(w, r)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
