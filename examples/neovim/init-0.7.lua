-- Kedge in Neovim 0.7 to 0.10: Ctrl-X Ctrl-O asks in insert mode, Ctrl-N and Ctrl-P choose, Ctrl-Y takes.
local clients = {} -- root -> client id

local function root_of(file)
  local dir = vim.fn.fnamemodify(file, ':p:h')
  for _, marker in ipairs({ 'kedge.json', '.git', 'package.json', 'pyproject.toml' }) do
    local found = vim.fn.findfile(marker, dir .. ';')
    if found == '' then found = vim.fn.finddir(marker, dir .. ';') end
    if found ~= '' then return vim.fn.fnamemodify((vim.fn.fnamemodify(found, ':p'):gsub('[/\\]$', '')), ':h') end
  end
  return dir
end

vim.o.completeopt = 'menuone,noselect'

vim.api.nvim_create_autocmd('FileType', {
  pattern = { 'typescript', 'typescriptreact', 'javascript', 'javascriptreact', 'python' },
  callback = function(event)
    local root = root_of(vim.api.nvim_buf_get_name(event.buf))
    clients[root] = clients[root] or vim.lsp.start_client({
      name = 'kedge',
      cmd = { 'kedge', '--stdio' },
      root_dir = root,
      workspace_folders = { { uri = vim.uri_from_fname(root), name = root } },
      on_attach = function(_, buffer)
        vim.bo[buffer].omnifunc = 'v:lua.vim.lsp.omnifunc'
      end,
      on_exit = function()
        clients[root] = nil
      end,
    })
    if clients[root] then vim.lsp.buf_attach_client(event.buf, clients[root]) end
  end,
})
