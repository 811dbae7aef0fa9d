-- Kedge for Neovim 0.11 and newer: lies in a folder lsp/ of the runtime path, as every server's description does.
return {
  cmd = { 'kedge', '--stdio' },
  filetypes = { 'typescript', 'typescriptreact', 'javascript', 'javascriptreact', 'python' },
  root_markers = { 'kedge.json', '.git', 'package.json', 'pyproject.toml' },
}
