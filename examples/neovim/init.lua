-- Kedge in Neovim 0.11 and newer, with lsp/kedge.lua: ghost text where the client has inline completion (0.12), else the completion popup.
vim.lsp.enable('kedge')

vim.opt.completeopt = { 'menuone', 'noselect', 'popup' }

vim.api.nvim_create_autocmd('LspAttach', {
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if not client or client.name ~= 'kedge' then return end
    if vim.lsp.inline_completion then
      vim.lsp.inline_completion.enable(true, { client_id = client.id })
      -- Ctrl-L takes what is shown; with nothing shown it stays Ctrl-L.
      vim.keymap.set('i', '<C-l>', function()
        if not vim.lsp.inline_completion.get() then return '<C-l>' end
      end, { expr = true, buffer = event.buf })
    else
      -- Ctrl-N and Ctrl-P choose, Ctrl-Y takes.
      vim.lsp.completion.enable(true, client.id, event.buf, { autotrigger = true })
    end
  end,
})
