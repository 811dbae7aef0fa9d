// Kedge in VS Code: starts `kedge --stdio`; vscode-languageclient shows its inline completions as ghost text.
// Refuses to offer the same text in the list of suggestions too, where it would stand twice.
const { workspace } = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

const languages = ['typescript', 'typescriptreact', 'javascript', 'javascriptreact', 'python'];

let client;

exports.activate = async () => {
  const command = workspace.getConfiguration('kedge').get('command', 'kedge');
  // npm installs kedge.cmd on Windows, which only a shell runs.
  const shell = process.platform === 'win32';
  client = new LanguageClient('kedge', 'Kedge', { command: shell ? `"${command}"` : command, args: ['--stdio'], options: { shell } }, {
    documentSelector: languages.map((language) => ({ scheme: 'file', language })),
    middleware: {
      provideCompletionItem: () => [],
      // Which program is started is this extension's own setting.
      workspace: { configuration: async (params, token, next) => (await next(params, token)).map((settings) => ({ ...settings, command: undefined })) },
    },
  });
  await client.start();
};

exports.deactivate = () => client?.stop();
