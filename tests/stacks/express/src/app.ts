import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import express, { NextFunction, Request, Response } from 'express';
import { plainToInstance } from 'class-transformer';
import { validate, ValidationError } from 'class-validator';
import { Pool } from 'pg';
import Redis from 'ioredis';
import { CreateEngagementDto } from './dto';
import { ApiError, errorHandler, FieldError } from './errors';
import { checkMedia } from './media';

interface Credential { workspace: string; user: string; scopes: string[] }

const credentials: Record<string, Credential> = JSON.parse(readFileSync(process.env.CREDENTIALS_FILE!, 'utf8'));
const pool = new Pool({ connectionString: process.env.DATABASE_URL });
const redis = new Redis(process.env.REDIS_URL!);

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS engagements (
    id text PRIMARY KEY,
    workspace_id text NOT NULL,
    external_id varchar(500) NOT NULL,
    source_system varchar(100) NOT NULL,
    title varchar(500) NOT NULL,
    type varchar(20) NOT NULL,
    media_url text NOT NULL,
    run_workflows boolean NOT NULL,
    is_private boolean NOT NULL,
    owner_user_id text NOT NULL,
    participants jsonb,
    transcript_text text,
    start_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, external_id)
  )`;

function authenticate(req: Request, res: Response, next: NextFunction) {
  const [scheme, token] = (req.headers.authorization ?? '').split(' ');
  if (scheme !== 'Bearer' || !token) {
    throw new ApiError(401, 'unauthorized', 'Missing bearer token');
  }
  const credential = credentials[token];
  if (!credential) {
    throw new ApiError(401, 'unauthorized', 'Invalid token');
  }
  if (!credential.scopes.includes('engagements:write')) {
    throw new ApiError(403, 'forbidden', 'The engagements:write scope is required');
  }
  res.locals.credential = credential;
  next();
}

function flatten(errors: ValidationError[], path = ''): FieldError[] {
  return errors.flatMap((error) => [
    ...Object.entries(error.constraints ?? {}).map(([code, message]) => ({ field: path + error.property, code, message })),
    ...flatten(error.children ?? [], `${path}${error.property}.`),
  ]);
}

function present(row: any) {
  return {
    object: 'engagement',
    id: row.id,
    title: row.title,
    engagement_type: row.type,
    processing_status: 'PENDING',
    is_private: row.is_private,
    created_at: row.created_at,
    updated_at: row.updated_at,
    engagement_at: row.start_at,
    start_at: row.start_at,
    owner_user_id: row.owner_user_id,
  };
}

const find = async (workspace: string, externalId: string) =>
  (await pool.query('SELECT * FROM engagements WHERE workspace_id = $1 AND external_id = $2', [workspace, externalId])).rows[0];

async function create(credential: Credential, dto: CreateEngagementDto) {
  const { rows } = await pool.query(
    `INSERT INTO engagements (id, workspace_id, external_id, source_system, title, type, media_url, run_workflows,
       is_private, owner_user_id, participants, transcript_text, start_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING *`,
    [
      `ngmt_${randomUUID().replace(/-/g, '')}`, credential.workspace, dto.external_id, dto.source_system, dto.title,
      dto.type, dto.media_url, dto.run_workflows, dto.is_private ?? false, credential.user,
      JSON.stringify(dto.participants ?? []), dto.transcript_text ?? null, dto.start_at ?? new Date(),
    ],
  );
  return rows[0];
}

async function createEngagement(req: Request, res: Response) {
  const credential: Credential = res.locals.credential;
  const dto = plainToInstance(CreateEngagementDto, req.body);
  const errors = await validate(dto, { whitelist: true });
  if (errors.length > 0) {
    throw new ApiError(422, 'validation_failed', 'The request body is invalid', flatten(errors));
  }
  if (dto.transcript_text && Buffer.byteLength(dto.transcript_text) > 950000) {
    throw new ApiError(422, 'validation_failed', 'transcript_text must not exceed 950,000 bytes', [
      { field: 'transcript_text', code: 'maxBytes', message: 'transcript_text must not exceed 950,000 bytes' },
    ]);
  }

  const key = `engagement:${credential.workspace}:${dto.external_id}`;
  const cached = await redis.get(key);
  if (cached) {
    res.status(200).json(JSON.parse(cached));
    return;
  }
  const locked = await redis.set(`lock:${key}`, '1', 'EX', 60, 'NX');
  if (!locked) {
    throw new ApiError(409, 'conflict', 'A request with the same external_id is in progress');
  }
  try {
    const existing = await find(credential.workspace, dto.external_id);
    if (existing) {
      res.status(200).json(present(existing));
      return;
    }
    await checkMedia(dto.media_url);
    const engagement = present(await create(credential, dto));
    await redis.set(key, JSON.stringify(engagement), 'EX', 24 * 3600);
    res.status(201).json(engagement);
  } finally {
    await redis.del(`lock:${key}`);
  }
}

const app = express();
app.disable('x-powered-by');
app.use((_req, res, next) => {
  res.set('X-Api-Version', 'v2');
  next();
});
app.use(express.json({ limit: '2mb' }));
app.post('/v2/engagements', authenticate, createEngagement);
app.use(errorHandler);

pool.query(SCHEMA).then(() => {
  app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening on ${process.env.PORT}`));
});
