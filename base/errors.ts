// Trouble that a user can act on: one clear line that says what happened, where, and what to do.
// Refuses to carry a stack to the user.

/** Shown as one line on stderr; `exitCode` ends the command (2: the call itself was wrong, 1: anything else). */
export class UserError extends Error {
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'UserError';
  }
}

/** Of one request alone: another may well be served. */
export class RequestError extends UserError {}

/** An error as it crosses between threads. */
export interface WireError {
  readonly message: string;
  readonly stack?: string;
  /** Of a UserError. */
  readonly exitCode?: 1 | 2;
  readonly isOfRequest?: boolean;
}

export function toWire(error: unknown): WireError {
  if (error instanceof UserError) return { message: error.message, exitCode: error.exitCode, isOfRequest: error instanceof RequestError };
  return error instanceof Error ? { message: error.message, stack: error.stack } : { message: String(error) };
}

export function fromWire({ message, stack, exitCode, isOfRequest }: WireError): Error {
  if (isOfRequest) return new RequestError(message, exitCode);
  if (exitCode !== undefined) return new UserError(message, exitCode);
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** The code of a Node system error ('ENOENT', 'ENOSPC', ...), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** A system error as one line that names `what`; anything else is passed through unchanged. */
export function explainSystemError(error: unknown, what: string): unknown {
  const texts: Record<string, string> = {
    ENOENT: 'does not exist',
    EACCES: 'is not readable or writable: check its permissions',
    EPERM: 'is not readable or writable: check its permissions',
    ENOTDIR: 'is not a folder',
    EISDIR: 'is a folder, a file was expected',
    ENOSPC: 'could not be written: the disk is full. Free some space and try again; nothing already stored was lost',
    EDQUOT: 'could not be written: your quota on this disk is used up. Free some space and try again; nothing already stored was lost',
    EIO: 'could not be read or written: the disk reports an error. Check the disk, or put the file on another one',
    EMFILE: 'could not be opened: too many files are open. Raise the limit (ulimit -n) and try again',
    EROFS: 'could not be written: the file system is read-only',
  };
  const text = texts[systemCode(error) ?? ''];
  return text ? new UserError(`${what} ${text}`) : error;
}
