// The client of llama.cpp's server, over a script that answers as the server does; the server itself is compiled nowhere here.
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LlamaServer } from '../../bench/llama-server.js';

/** A program in place of llama-server; a script with a first line of its own starts nowhere but on these systems. */
function programOf(body: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'kedge-llama-')), 'server.mjs');
  writeFileSync(path, `#!${process.execPath}\n${body}`);
  chmodSync(path, 0o755);
  return path;
}

/** Events as that of llama-cpp-python 0.3.36's sources sends them; the first says what was asked. */
const serving = `
import { createServer } from 'node:http';
const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
createServer(async (request, response) => {
  if (request.url === '/health') return response.end('{"status":"ok"}');
  let body = '';
  for await (const chunk of request) body += chunk;
  const { input_prefix, input_suffix, input_extra: [{ filename }], stop } = JSON.parse(body);
  if (input_prefix === '') return response.end('data: {"error":{"code":400,"message":"nothing to complete"}}\\n\\n');
  response.write('data: ' + JSON.stringify({ index: 0, content: [input_prefix, input_suffix, filename, ...stop].join('|'), stop: false }) + '\\n\\n');
  response.write('data: {"index":0,"content":" + b;","stop":false,"timings":{"cache_n":0,"predicted_n":4,"predicted_ms":348}}\\n\\n');
  response.end('data: {"index":0,"content":"","stop":true,"timings":{"cache_n":0,"prompt_n":33,"predicted_n":4,"predicted_ms":348}}\\n\\ndata: [DONE]\\n\\n');
}).listen(port, '127.0.0.1');
`;
const settings = { threads: 1, contextTokens: 64 };
const asked = { input_extra: [{ filename: 'a.ts', text: 'export const x = 1;\n' }], input_prefix: 'return ', input_suffix: '}', n_predict: 8 };

describe.skipIf(process.platform === 'win32')("llama.cpp's server", () => {
  it('is asked for one line and read as it streams', async () => {
    const server = await LlamaServer.start(programOf(serving), 'model.gguf', settings);
    const { text, tokenMs, firstTokenMs } = await server.infill(asked).finally(() => server.stop());
    expect([text, tokenMs, firstTokenMs > 0]).toEqual(['return |}|a.ts|\n + b;', 116, true]);
  });

  it('says what the server refuses', async () => {
    const server = await LlamaServer.start(programOf(serving), 'model.gguf', settings);
    await expect(server.infill({ ...asked, input_prefix: '' }).finally(() => server.stop())).rejects.toThrow('nothing to complete');
  });

  it.each([
    ['ends', programOf("process.stderr.write('failed to load model'); process.exit(3)"), /ended with 3.*\n.*failed to load model/],
    ['is not there', '/no/such/llama-server', /cannot serve: spawn .* ENOENT/],
  ])('that %s is an error which says so', async (_, program, message) => {
    await expect(LlamaServer.start(program, 'model.gguf', settings)).rejects.toThrow(message);
  });
});
