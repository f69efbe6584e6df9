import { lookup } from 'node:dns/promises';
import axios from 'axios';
import ipaddr from 'ipaddr.js';
import { ApiError } from './errors';

const FORBIDDEN_RANGES = ['private', 'loopback', 'linkLocal', 'uniqueLocal', 'unspecified'];

export async function checkMedia(mediaUrl: string): Promise<void> {
  const reject = (message: string) => new ApiError(422, 'validation_failed', message, [
    { field: 'media_url', code: 'invalid_media', message },
  ]);

  const { hostname } = new URL(mediaUrl);
  let addresses;
  try {
    addresses = await lookup(hostname.replace(/^\[|\]$/g, ''), { all: true });
  } catch {
    throw reject('media_url host could not be resolved');
  }
  for (const { address } of addresses) {
    if (FORBIDDEN_RANGES.includes(ipaddr.process(address).range())) {
      throw reject('media_url must not point to a private or internal address');
    }
  }

  let response;
  try {
    response = await axios.get(mediaUrl, { responseType: 'stream', timeout: 15000, maxRedirects: 5 });
  } catch {
    throw reject('media_url could not be fetched');
  }
  const contentType = String(response.headers['content-type'] ?? '');
  response.data.destroy();
  if (!contentType.startsWith('audio/') && !contentType.startsWith('video/')) {
    throw reject('media_url must serve an audio/* or video/* content type');
  }
}
