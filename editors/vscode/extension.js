// Starts `meshc lsp` and leaves the rest to the client of VS Code. No build step: this is what runs.
"use strict";

const { execFile } = require("node:child_process");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

// Why the program cannot be started, if it cannot: the client does not say.
function missing(command) {
  return new Promise((resolve) => execFile(command, ["--version"], (error) => resolve(error)));
}

async function start() {
  const settings = vscode.workspace.getConfiguration("meshc");
  const command = settings.get("path") || "meshc";
  const cause = await missing(command);
  if (cause) {
    const why = cause.code === "ENOENT" ? "there is no such program" : cause.message;
    const open = "Open Settings";
    // It stays until it is read: nobody waits for that.
    vscode.window
      .showErrorMessage(`${command} cannot be started: ${why}. Set meshc.path to the program meshc.`, open)
      .then((chosen) => chosen && vscode.commands.executeCommand("workbench.action.openSettings", "meshc.path"));
    return;
  }
  const server = { command, args: ["lsp"] };
  const options = {
    // The server says nothing about files that are no part of a spec.
    documentSelector: [
      { language: "kdl" },
      { language: "yaml" },
      { language: "json" },
      // Inventories: VS Code alone has no language for tables.
      { pattern: "**/*.csv" },
    ],
    initializationOptions: {
      profile: settings.get("profile") || null,
      set: settings.get("set") || {},
    },
  };
  client = new LanguageClient("meshc", "meshc", server, options);
  await client.start();
}

async function stop() {
  const running = client;
  client = undefined;
  await running?.stop();
}

async function restart() {
  await stop();
  await start();
}

exports.activate = async (context) => {
  context.subscriptions.push(
    vscode.commands.registerCommand("meshc.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("meshc")) {
        return restart();
      }
    }),
  );
  await start();
};

exports.deactivate = stop;
