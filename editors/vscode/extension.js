// Starts `meshc lsp` and leaves the rest to the client of VS Code. No build step: this is what runs.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function start() {
  const settings = vscode.workspace.getConfiguration("meshc");
  const server = { command: settings.get("path") || "meshc", args: ["lsp"] };
  const options = {
    // The server says nothing about files that are no part of a spec.
    documentSelector: [{ language: "kdl" }, { language: "yaml" }, { language: "json" }],
    initializationOptions: {
      profile: settings.get("profile") || null,
      set: settings.get("set") || {},
    },
  };
  client = new LanguageClient("meshc", "meshc", server, options);
  return client.start();
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
