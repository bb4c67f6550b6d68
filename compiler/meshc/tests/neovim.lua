-- What somebody does in Neovim with a spec that has a mistake: looks at the marks, takes the fix, completes a value,
-- renames a network and a machine of an inventory. Ends with 0 if all of it worked; what did not is written to standard error.

local function fail(what, found)
  io.stderr:write(what .. ": " .. vim.inspect(found) .. "\n")
  vim.cmd("cquit 1")
end

local function wait(what, condition)
  if not vim.wait(30000, condition, 5) then
    fail(what, { marks = vim.diagnostic.get(0), text = vim.api.nvim_buf_get_lines(0, 0, -1, true) })
  end
end

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), "\n")
end

-- Puts the cursor `behind` letters behind the beginning of `part`.
local function go(part, behind)
  for number, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, true)) do
    local column = line:find(part, 1, true)
    if column then
      vim.api.nvim_win_set_cursor(0, { number, column - 1 + behind })
      return
    end
  end
  fail("the text has no", part)
end

local function ask(method, params)
  local answers, cause = vim.lsp.buf_request_sync(0, method, params, 30000)
  if not answers then
    fail(method, cause)
  end
  for _, answer in pairs(answers) do
    if answer.result then
      return answer.result
    end
  end
  fail(method, answers)
end

local encoding = function()
  local clients = (vim.lsp.get_clients or vim.lsp.get_active_clients)()
  return clients[1].offset_encoding
end

local function marked(code)
  for _, mark in ipairs(vim.diagnostic.get(0)) do
    if mark.code == code then
      return mark
    end
  end
end

local function work()
  -- The mistake is marked where it is.
  wait("no mark", function()
    return marked("MC-L002")
  end)
  local mark = marked("MC-L002")
  if not text():find("mtsl") or mark.lnum ~= 3 then
    fail("marked elsewhere", mark)
  end

  -- The fix is taken, and the mark goes.
  go("mtsl", 1)
  local params = vim.lsp.util.make_range_params(0, encoding())
  params.context = { diagnostics = {} }
  local action = ask("textDocument/codeAction", params)[1]
  vim.lsp.util.apply_workspace_edit(action.edit, encoding())
  wait("the mark stays", function()
    return text():find("mtls strict", 1, true) and not marked("MC-L002")
  end)

  -- A value is completed where it is typed.
  go("mtls strict", 11)
  vim.api.nvim_feedkeys("ciwper", "tx", false)
  go("mtls per", 8)
  local place = vim.lsp.util.make_position_params(0, encoding())
  place.position.character = #"    mtls per"
  for _, item in ipairs(ask("textDocument/completion", place)) do
    if item.label == "permissive" then
      vim.lsp.util.apply_text_edits({ item.textEdit }, 0, encoding())
    end
  end
  if not text():find("mtls permissive", 1, true) then
    fail("not completed", text())
  end

  -- A network is renamed everywhere.
  go("vm-network", 2)
  vim.lsp.buf.rename("machines")
  wait("not renamed", function()
    return not text():find("vm-network", 1, true) and text():find("network=machines", 1, true)
  end)

  -- Nothing is wrong any more, and the reference is at hand.
  wait("something is wrong", function()
    local errors = vim.diagnostic.get(0, { severity = vim.diagnostic.severity.ERROR })
    return #errors == 0
  end)
  go("mtls permissive", 1)
  local hover = ask("textDocument/hover", vim.lsp.util.make_position_params(0, encoding()))
  if not hover.contents.value:find("Mutual TLS of the whole mesh", 1, true) then
    fail("not explained", hover)
  end

  -- A machine of the inventory is renamed from where it is named, and its mistakes are marked in it.
  go("from=listed-1", 7)
  vim.lsp.buf.rename("first")
  wait("not renamed", function()
    return text():find("from=first", 1, true)
  end)
  vim.cmd("silent wall")
  vim.cmd("edit machines.csv")
  wait("the row is not renamed", function()
    return text():find("\nfirst,10.10.0.31,", 1, true)
  end)
  wait("the mistake of the row is not marked", function()
    return marked("MC-L004")
  end)
  go("lots", 0)
  vim.api.nvim_feedkeys("ciw9", "tx", false)
  wait("the mark of the row stays", function()
    return not marked("MC-L004")
  end)

  vim.cmd("silent wall")
  vim.cmd("quitall!")
end

local done, cause = xpcall(work, debug.traceback)
if not done then
  fail("the script", cause)
end
