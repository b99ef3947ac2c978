"""The page in another page: two pictures in, one out, by postMessage."""

from __future__ import annotations

from pathlib import Path

from support.browser import StaticServer, chromium
from support.web_page import PAINTING, PHOTO


def test_another_page_embeds_it(server: StaticServer, page: Path, tmp_path: Path) -> None:
    """Two pictures in, one out, by postMessage, from another origin."""
    host = tmp_path / "host"
    host.mkdir()
    for path in (PHOTO, PAINTING):
        (host / path.name).write_bytes(path.read_bytes())
    (host / "index.html").write_text("<p>A page of somebody else")
    embedding = StaticServer(host)
    with chromium(tmp_path) as browser:
        browser.get(embedding.origin)
        answer = browser.execute_async_script(
            """
            const [address, photo, painting, done] = arguments;
            const iframe = document.createElement('iframe');
            document.body.append(iframe);
            const frame = iframe.contentWindow;
            const progress = [];
            addEventListener('message', async ({ source, data }) => {
                if (source !== frame) return;
                if (data.type === 'nst-onnx:progress') progress.push(data.step);
                if (data.type === 'nst-onnx:error') done({ message: data.message });
                if (data.type !== 'nst-onnx:done') return;
                const bitmap = await createImageBitmap(data.picture);
                done({ id: data.id, type: data.picture.type, width: bitmap.width, progress });
            });
            const read = async (name) => (await fetch(name)).blob();
            const ask = async () => frame.postMessage({
                type: 'nst-onnx:paint', id: 'a', photo: await read(photo), paintings: [await read(painting)],
                settings: { size: 128, steps: 5 },
            }, '*');
            addEventListener('message', ({ data }) => data.type === 'nst-onnx:ready' && ask());
            iframe.src = address;
            """,
            f"{server.origin}/index.html",
            PHOTO.name,
            PAINTING.name,
        )
    embedding.stop()
    assert answer == {"id": "a", "type": "image/png", "width": 128, "progress": [1, 2, 3, 4, 5]}


def test_wrong_settings_of_an_embedding_page_are_one_sentence(server: StaticServer, tmp_path: Path) -> None:
    host = tmp_path / "host"
    host.mkdir()
    (host / "index.html").write_text("<p>A page of somebody else")
    embedding = StaticServer(host)
    with chromium(tmp_path) as browser:
        browser.get(embedding.origin)
        answers = browser.execute_async_script(
            """
            const [address, done] = arguments;
            const iframe = document.createElement('iframe');
            document.body.append(iframe);
            const wrong = [{ size: '512' }, { size: 512, strength: NaN }, { strenght: 0.5 }];
            const picture = new Blob(['x']);
            const request = { type: 'nst-onnx:paint', photo: picture, paintings: [picture] };
            const answers = [];
            addEventListener('message', ({ data }) => {
                if (data.type === 'nst-onnx:error') answers[data.id] = data.message;
                if (answers.filter(Boolean).length === wrong.length) done(answers);
                if (data.type !== 'nst-onnx:ready') return;
                for (const [id, settings] of wrong.entries()) {
                    iframe.contentWindow.postMessage({ ...request, id, settings }, '*');
                }
            });
            iframe.src = address;
            """,
            f"{server.origin}/index.html",
        )
    embedding.stop()
    assert answers == [
        "The setting size must be a whole number from 64 to 2048.",
        "The setting strength must be a number from 0 to 1.",
        "There is no setting strenght.",
    ]
