"""The script somebody would write without Gristmill: render, call, write a JSON line; no check, no money, no crash.

`python -m bench.bare URL SEEDS RECORDS IN_FLIGHT OUT`. Failed calls are sent again until they succeed.
"""

import asyncio
import json
import sys
from pathlib import Path

import aiohttp
import jinja2
import orjson
import uvloop
import yaml

from bench.lab import TEMPLATE


async def main(url: str, seeds: str, records: int, in_flight: int, out: str) -> None:
    rows = [json.loads(line) for line in Path(seeds).read_text().splitlines()]  # noqa: ASYNC240
    step = yaml.safe_load(TEMPLATE)["steps"][0]
    prompt = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(step["prompt"])
    schema = {"type": "json_schema", "json_schema": {"name": "ticket", "schema": step["output"]}}
    slots = iter(range(records))
    with Path(out).open("wb") as lines:  # noqa: ASYNC230 - what a script does
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def call(row: dict[str, object]) -> dict[str, object]:
                body = {
                    "model": "bench",
                    "messages": [{"role": "user", "content": prompt.render(row)}],
                    "temperature": 0.8,
                    "max_tokens": 300,
                    "response_format": schema,
                }
                while True:
                    try:
                        async with session.post(
                            f"{url}/v1/chat/completions",
                            data=orjson.dumps(body),
                            headers={"Content-Type": "application/json", "Authorization": "Bearer bench"},
                        ) as answer:
                            content = await answer.read()
                            if answer.status == 200:
                                reply = orjson.loads(content)["choices"][0]["message"]["content"]
                                return dict(orjson.loads(reply))
                            wait = float(answer.headers.get("Retry-After", "0.5"))
                    except (orjson.JSONDecodeError, KeyError, aiohttp.ClientError):
                        wait = 0.1
                    await asyncio.sleep(wait)

            async def take_turns() -> None:
                for slot in slots:
                    row = rows[slot % len(rows)]
                    record = await call(row)
                    lines.write(orjson.dumps({"number": row["number"], "mood": row["mood"], **record}) + b"\n")

            async with asyncio.TaskGroup() as group:
                for _ in range(in_flight):
                    group.create_task(take_turns())


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))
