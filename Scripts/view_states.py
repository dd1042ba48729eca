"""The check of the page's words for each state that a volume can be in; run by view_claims.py."""

import json

from view_stage import Stage


def state_alone(stage: Stage) -> None:
    """Neither the receipt nor what was fetched nor what was drawn makes the page say exact: only all of them."""
    cases = json.loads(stage.page.value(CASES))
    for name, state in cases.items():
        is_exact = name == "all"
        stage.require(state["isExact"] == is_exact, f"{name}: exact is {state['isExact']}")
        stage.require(("EXACT · VERIFIED" in state["badge"]) == is_exact, f"{name}: the badge says {state['badge']}")
        stage.require(
            (state["watermark"] == "") == (is_exact or name == "another's picture, nothing of this one" and not state["badge"]),
            f"{name}: the watermark is {state['watermark']!r}",
        )
        stage.require(state["title"].startswith("Exact") == is_exact, f"{name}: the title is {state['title']}")


CASES = """(async () => {
  const { viewState } = await import('/viewstate.js');
  const owner = { ticket: 1, session: 'a', index: 0, timepoint: 0, epoch: 1 };
  const volume = { index: 0, epoch: 1, revisions: [4, 9], goal: 'lossless', state: 'exact', is_exact: true, has_receipt: true,
    milestones: {}, regions: [{ stage: 'exact', max_error: 0 }], background: { stage: 'exact', max_error: 0 },
    shares: { roi: 1, background: 1 }, completeness: { exact_voxels: 100, body_voxels: 100, share: 1, bytes: 1 } };
  const shown = { owner, revisions: [4, 9], counts: [[50, 0, 0, 0, 60], [0, 0, 0, 0, 40]], timepointCount: 1 };
  const session = { name: 'a', state: 'exact', volumes: [volume] };
  const input = { selection: owner, session, volume, shown, solid: true, link: { lostAt: null } };
  const say = (change) => viewState({ ...input, ...change });
  return JSON.stringify({
    all: say({}),
    'the receipt alone': say({ shown: { ...shown, revisions: [0, 0], counts: [[50, 60, 0, 0, 0], [0, 40, 0, 0, 0]] } }),
    'the last revision of the regions not fetched': say({ shown: { ...shown, revisions: [3, 9] } }),
    'the last revision of the rest not fetched': say({ shown: { ...shown, revisions: [4, 8] } }),
    'one voxel of the textures not exact': say({ shown: { ...shown, counts: [[50, 0, 1, 0, 59], [0, 0, 0, 0, 40]] } }),
    'one voxel of the region not exact': say({ shown: { ...shown, counts: [[50, 0, 0, 0, 60], [0, 0, 0, 1, 39]] } }),
    'the 3-D view not drawn': say({ solid: false }),
    'no receipt': say({ volume: { ...volume, is_exact: false, has_receipt: false, state: 'receiving' },
      session: { ...session, state: 'receiving' } }),
    'a receipt that was not compared': say({ volume: { ...volume, is_exact: false, state: 'unverified' },
      session: { ...session, state: 'unverified' } }),
    'files that are not the receipt\\'s': say({ volume: { ...volume, is_exact: false, state: 'failed' },
      session: { ...session, state: 'failed' } }),
    'a lossy volume': say({ volume: { ...volume, is_exact: false, state: 'lossy' }, session: { ...session, state: 'lossy' } }),
    'another epoch': say({ volume: { ...volume, epoch: 2 } }),
    'the same volume chosen before': say({ shown: { ...shown, owner: { ...owner, ticket: 0 } } }),
    'another session\\'s picture': say({ shown: { ...shown, owner: { ...owner, session: 'b' } } }),
    'another time point': say({ shown: { ...shown, owner: { ...owner, timepoint: 1 } } }),
  });
})()"""
