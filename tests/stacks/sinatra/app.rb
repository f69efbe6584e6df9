require 'json'
require 'securerandom'
require 'sinatra/base'
require 'sqlite3'
require 'time'
require_relative 'media'
require_relative 'validation'

TOKENS = JSON.parse(File.read(ENV.fetch('CREDENTIALS_FILE')))

DB = SQLite3::Database.new(File.join(ENV.fetch('STATE'), 'engagements.db'))
DB.results_as_hash = true
DB.busy_timeout = 5000
DB.execute_batch <<~SQL
  CREATE TABLE IF NOT EXISTS engagements (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    type TEXT NOT NULL,
    title TEXT NOT NULL,
    source_system TEXT NOT NULL,
    media_url TEXT NOT NULL,
    run_workflows INTEGER NOT NULL,
    start_at TEXT NOT NULL,
    is_private INTEGER NOT NULL,
    participants TEXT NOT NULL,
    transcript_text TEXT,
    owner_user_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (workspace_id, external_id)
  );
SQL

class App < Sinatra::Base
  set :show_exceptions, false
  set :raise_errors, false

  TITLES = {
    400 => %w[bad_request Bad\ Request],
    401 => %w[unauthorized Unauthorized],
    403 => %w[forbidden Forbidden],
    404 => %w[not_found Not\ Found],
    409 => %w[conflict Conflict],
    422 => %w[validation_failed Unprocessable\ Entity],
    500 => %w[internal_error Internal\ Server\ Error]
  }.freeze

  helpers do
    def problem(status, detail, errors = nil)
      type, title = TITLES.fetch(status)
      body = {
        type: "https://app.askelephant.ai/errors/#{type}",
        title: title,
        status: status,
        detail: detail,
        request_id: "rid_#{SecureRandom.hex(12)}"
      }
      body[:errors] = errors if errors
      halt status, { 'Content-Type' => 'application/problem+json' }, body.to_json
    end

    def caller!
      token = request.env['HTTP_AUTHORIZATION'].to_s[/\ABearer (.+)\z/, 1]
      entry = TOKENS[token]
      unless entry
        headers 'WWW-Authenticate' => 'Bearer'
        problem 401, 'Missing or invalid token.'
      end
      problem 403, 'The token lacks the scope engagements:write.' unless entry['scopes'].include?('engagements:write')
      entry
    end

    def body_json!
      data = JSON.parse(request.body.read)
      problem 400, 'The body must be a JSON object.' unless data.is_a?(Hash)
      data
    rescue JSON::ParserError
      problem 400, 'The body is not valid JSON.'
    end

    def find(workspace, external_id)
      DB.get_first_row('SELECT * FROM engagements WHERE workspace_id = ? AND external_id = ?', [workspace, external_id])
    end

    def present(row)
      {
        object: 'engagement',
        id: row['id'],
        title: row['title'],
        engagement_type: row['type'],
        processing_status: 'PENDING',
        is_private: row['is_private'] == 1,
        created_at: row['created_at'],
        updated_at: row['updated_at'],
        data_source: row['source_system'],
        engagement_at: row['start_at'],
        start_at: row['start_at'],
        owner_user_id: row['owner_user_id']
      }.to_json
    end
  end

  before do
    content_type :json
    headers 'X-Api-Version' => 'v2'
  end

  post '/api/v2/engagements' do
    who = caller!
    data = body_json!
    errors = Validation.errors(data)
    problem 422, 'The request is invalid.', errors if errors.any?

    existing = find(who['workspace'], data['external_id'])
    halt 200, present(existing) if existing

    begin
      Media.check(data['media_url'])
    rescue Media::Error => e
      problem 422, e.message, [{ field: 'media_url', code: 'invalid_media', message: e.message }]
    end

    now = Time.now.utc.iso8601(3)
    is_private = data.key?('is_private') ? data['is_private'] : who['default_private']
    begin
      DB.execute(
        'INSERT INTO engagements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        [
          "ngmt_#{SecureRandom.alphanumeric(24)}", who['workspace'], data['external_id'], data['type'],
          data['title'], data['source_system'], data['media_url'], data['run_workflows'] ? 1 : 0,
          data['start_at'] || now, is_private ? 1 : 0, (data['participants'] || []).to_json,
          data['transcript_text'], who['user'], now, now
        ]
      )
    rescue SQLite3::ConstraintException
      halt 200, present(find(who['workspace'], data['external_id']))
    end
    halt 201, present(find(who['workspace'], data['external_id']))
  end

  not_found do
    problem 404, 'Not found.'
  end

  error do
    problem 500, 'Something went wrong.'
  end
end
