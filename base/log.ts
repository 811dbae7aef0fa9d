// Where messages for the user go: an interface, since stdout belongs to the protocol. Refuses to write anywhere by itself.

export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export const silentLog: Log = { info() {}, warn() {}, error() {} };

export const stderrLog: Log = {
  info: (message) => void process.stderr.write(`${message}\n`),
  warn: (message) => void process.stderr.write(`kedge: ${message}\n`),
  error: (message) => void process.stderr.write(`kedge: ${message}\n`),
};
