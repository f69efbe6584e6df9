import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

export interface FieldError { field: string; code: string; message: string }

const TITLES: Record<number, string> = {
  400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 409: 'Conflict',
  413: 'Payload Too Large', 415: 'Unsupported Media Type', 422: 'Unprocessable Entity', 429: 'Too Many Requests',
  500: 'Internal Server Error',
};

export class ApiError extends Error {
  constructor(public status: number, public code: string, message: string, public errors?: FieldError[]) {
    super(message);
  }
}

export function errorHandler(err: any, _req: Request, res: Response, _next: NextFunction) {
  const status = err.status ?? 500;
  if (status >= 500) console.error(err);
  res.status(status).type('application/problem+json').json({
    type: `https://app.askelephant.ai/errors/${err.code ?? (status < 500 ? 'bad_request' : 'internal_error')}`,
    title: TITLES[status] ?? 'Error',
    status,
    detail: status < 500 ? err.message : 'Something went wrong',
    request_id: `rid_${randomUUID().replace(/-/g, '')}`,
    errors: err.errors,
  });
}
