-- Specs in Neovim 0.7 and later: put this file into ~/.config/nvim/plugin/.

-- The folder of the spec that a file belongs to: all of its files are one server's.
local function root(file)
  local found = vim.fs and vim.fs.find({ "spec.kdl", "spec.yaml", "spec.json" }, {
    upward = true,
    path = vim.fs.dirname(file),
  })
  return vim.fn.fnamemodify(found and found[1] or file, ":p:h")
end

local function start(buffer)
  local config = {
    name = "meshc",
    cmd = { "meshc", "lsp" },
    root_dir = root(vim.api.nvim_buf_get_name(buffer)),
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

-- Inventories: nothing is said of other tables.
vim.api.nvim_create_autocmd({ "BufReadPost", "BufNewFile" }, {
  pattern = { "*.csv" },
  callback = function(event)
    start(event.buf)
  end,
})

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
