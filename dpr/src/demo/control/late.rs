//! A slow control network: passes a TCP connection on, and what the client sends arrives later.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How much is under way at most, in reads.
const READS_UNDER_WAY: usize = 4096;

/// Listens, and passes every connection on to `server` until it is aborted. Where it listens, and the task.
pub async fn relay(
    server: SocketAddr,
    delay: Duration,
) -> std::io::Result<(SocketAddr, impl Future<Output = ()> + Send + 'static)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let task = async move {
        let mut connections = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            connections.spawn(pass_on(client, server, delay));
            while connections.try_join_next().is_some() {}
        }
    };
    Ok((address, task))
}

async fn pass_on(client: TcpStream, server: SocketAddr, delay: Duration) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_server, to_server) = server.into_split();
    let (from_client, mut to_client) = client.into_split();
    let late = delayed(from_client, to_server, delay);
    // When either direction ends, the connection does.
    tokio::select! {
        result = late => result,
        result = tokio::io::copy(&mut from_server, &mut to_client) => result.map(|_| ()),
    }
}

async fn delayed(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    delay: Duration,
) -> std::io::Result<()> {
    let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(READS_UNDER_WAY);
    let read = async move {
        let mut buffer = vec![0; 16 << 10];
        loop {
            let count = from.read(&mut buffer).await?;
            if count == 0
                || sender
                    .send((Instant::now() + delay, buffer[..count].to_vec()))
                    .await
                    .is_err()
            {
                return Ok(());
            }
        }
    };
    let write = async move {
        while let Some((due, bytes)) = receiver.recv().await {
            tokio::time::sleep_until(due).await;
            to.write_all(&bytes).await?;
        }
        Ok(())
    };
    tokio::try_join!(read, write).map(|_: ((), ())| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_the_client_sends_is_late_and_whole() {
        let echo = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a free port");
        let server = echo.local_addr().expect("bound");
        tokio::spawn(async move {
            let (mut stream, _) = echo.accept().await.expect("a client");
            let (mut from, mut to) = stream.split();
            tokio::io::copy(&mut from, &mut to)
                .await
                .expect("it echoes");
        });
        let delay = Duration::from_millis(100);
        let (address, task) = relay(server, delay).await.expect("a free port");
        tokio::spawn(task);
        let mut client = TcpStream::connect(address).await.expect("it listens");
        let sent = Instant::now();
        let bytes = vec![7; 100_000];
        client.write_all(&bytes).await.expect("it reads");
        let mut back = vec![0; bytes.len()];
        client.read_exact(&mut back).await.expect("it passes on");
        assert_eq!(back, bytes);
        assert!(sent.elapsed() >= delay);
    }
}
