// SPDX-License-Identifier: MIT
// Copyright (c) 2026 Gatehouse founders
// Drives @xmpp/client for test_xmpp_js.py: xmpp_client.mjs PORT. Prints one JSON line a step.
import { client, xml } from "@xmpp/client";

const agent = xml("user-agent", { id: "d4565fa7-4d72-4749-b3d3-740edbf87770" },
  xml("software", {}, "xmpp.js"));
let token = null;

function say(step, facts) {
  console.log(JSON.stringify({ step, ...facts }));
}

/** A client that notes by which mechanisms it tries to log in, and shares the token with others. */
function make() {
  const c = client({ service: `xmpp://127.0.0.1:${process.argv[2]}`, domain: "a.example", resource: "js",
    username: "alice", password: "secret", userAgent: agent });
  c.tried = [];
  c.inline = new Set();
  c.fast.saveToken = async (t) => { token = t; };
  c.fast.fetchToken = async () => token;
  c.fast.deleteToken = async () => { token = null; };
  c.on("send", (x) => {
    if (x.name !== "authenticate") return;
    c.tried.push(x.attrs.mechanism);
    for (const child of x.children) c.inline.add(child.name);
  });
  c.on("error", (e) => say("error", { text: String(e) }));
  return c;
}

const once = (from, event) => new Promise((resolve) => from.once(event, resolve));

function message(c) {
  return new Promise((resolve) => {
    c.on("stanza", (x) => {
      if (x.is("message")) resolve(x.getChildText("body"));
    });
  });
}

// A password, and a token for next time.
const first = make();
const jid = await first.start();
say("password", { jid: jid.toString(), tried: first.tried, inline: [...first.inline],
  token: Boolean(token), sm: Boolean(first.streamManagement.id) });
await first.stop();

// The token, which is exchanged for a new one or not.
const second = make();
say("token", { jid: (await second.start()).toString(), tried: second.tried, inline: [...second.inline] });

// Talking, over a broken connection too.
const heard = message(second);
await second.send(xml("presence"));
await second.send(xml("message", { to: "bob@a.example", type: "chat" }, xml("body", {}, "hello bob")));
say("talk", { heard: await heard });
const resumed = once(second.streamManagement, "resumed");
second.socket.socket.destroy();
await resumed;
say("resumed", { tried: second.tried, inline: [...second.inline] });
const again = message(second);
await second.send(xml("message", { to: "bob@a.example", type: "chat" }, xml("body", {}, "still here")));
say("talk again", { heard: await again });
await second.stop();

// A token that is none: refused, then the password on the same stream.
token = { ...token, token: "secret-token:nonsense" };
const third = make();
say("bad token", { jid: (await third.start()).toString(), tried: third.tried, token: token?.token?.length > 30 });
await third.stop();
