// Loaded into a program that would listen on every address of this machine: it listens on the loopback only.

const { Server } = require("node:net");

const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  const isPort = typeof port === "number" || (typeof port === "string" && /^\d+$/.test(port));
  if (!isPort) throw new Error(`this program listens in a way that is not foreseen: ${port}`);
  return listen.call(this, Number(port), "127.0.0.1", ...rest.filter((argument) => typeof argument === "function"));
};
