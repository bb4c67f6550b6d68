-- Specs in Neovim 0.7 and later: put this file into ~/.config/nvim/plugin/.

local function start(buffer)
  local config = {
    name = "meshc",
    cmd = { "meshc", "lsp" },
    root_dir = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ":p:h"),
    -- As `meshc check --profile prod --set gateway=198.51.100.7`:
    -- init_options = { profile = "prod", set = { gateway = "198.51.100.7" } },
  }
  if vim.lsp.start then
    vim.lsp.start(config, { bufnr = buffer })
    return
  end
  -- Before Neovim 0.8: one server for all specs.
  vim.g.meshc_client = vim.g.meshc_client or vim.lsp.start_client(config)
  vim.lsp.buf_attach_client(buffer, vim.g.meshc_client)
end

vim.api.nvim_create_autocmd({ "BufReadPost", "BufNewFile" }, {
  pattern = { "*.kdl", "spec.yaml", "spec.yml", "spec.json" },
  callback = function(event)
    if vim.bo[event.buf].filetype == "" then
      vim.bo[event.buf].filetype = "kdl"
    end
    vim.bo[event.buf].commentstring = "// %s"
    vim.bo[event.buf].omnifunc = "v:lua.vim.lsp.omnifunc"
    start(event.buf)
  end,
})
