// The same relay with socket.io, over WebSocket alone: an acknowledgement to who said it, the text
// to the other side of the room.
const http = require("node:http");
const { Server } = require("socket.io");

const server = http.createServer();
const io = new Server(server, { transports: ["websocket"], perMessageDeflate: false });
io.on("connection", (socket) => {
  const room = socket.handshake.query.room;
  socket.join(room);
  socket.on("say", (text, acknowledge) => {
    acknowledge("ok");
    socket.to(room).emit("said", text);
  });
});
server.listen(0, "127.0.0.1", () => console.log(`relay port=${server.address().port}`));
