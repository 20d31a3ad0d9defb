# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the training asks of the network: sentences, and beside them labels of what is seen and of what has changed."""

import torch
import torch.nn.functional as F
from torch import nn

from film.labels import NOTHING, OTHER, UNKNOWN
from learning.clips import KINDS
from learning.motion import COARSE
from network.picture import SIZE
from network.vision import PICTURE_TOKENS
from saying import telling
from shapes.colours import NAMES
from shapes.scenes import SHAPES

N = len(NAMES)


class Heads(nn.Module):
    """What the labels are told from while training."""

    def __init__(self, shape):
        super().__init__()
        self.patch = nn.Linear(shape.vision, N + 1 + len(SHAPES) + 1)
        self.what = nn.Linear(shape.vision, OTHER + 1)    # of a patch of film
        self.picture = nn.Linear(shape.hidden, len(KINDS) + N + N * 4 + N * 2)
        self.motion = nn.Linear(shape.hidden, N * 4 + N * 2 + N * 5)
        self.look = nn.Linear(shape.hidden, 49 + 12)      # a picture token's part of the picture: light of 7 x 7, colour of 2 x 2
        self.news = nn.Linear(shape.hidden, 2)            # whether something changed there since the picture before
        self.coarse = nn.Linear(shape.hidden, COARSE ** 2)    # the coarse light there in the picture before
        self.come = nn.Linear(shape.hidden, 2)            # how far the light there seems to have come since then
        self.flow = nn.Linear(shape.hidden, 2)            # how far what is there has come since then
        self.drift = nn.Linear(shape.hidden, 3)           # how far all that moves has come, right and down, and from its middle
        self.truth = nn.Linear(shape.hidden, sum(map(len, telling.VALUES.values())))       # what holds of a clip of film, told or not


def picture_loss(heads, patches, tokens, labels):
    """Loss of the labels of single pictures, and the share of things told right in every way."""
    kind = labels["kind"].flatten()
    background = labels["background"].flatten()
    shape = labels["shape"].flatten(0, 1)
    place = labels["place"].flatten(0, 1)
    out = heads.patch(patches)
    colours, shapes = out.split((N + 1, len(SHAPES) + 1), -1)
    weight_c = torch.ones(N + 1, device=out.device)
    weight_c[N] = 0.25
    weight_s = torch.ones(len(SHAPES) + 1, device=out.device)
    weight_s[-1] = 0.25
    loss = F.cross_entropy(colours.flatten(0, 1), labels["patch_colour"].flatten(), weight_c)
    loss = loss + F.cross_entropy(shapes.flatten(0, 1), labels["patch_shape"].flatten(), weight_s)
    k, bg, sh, at = heads.picture(tokens.mean(1)).split((len(KINDS), N, N * 4, N * 2), -1)
    sh, at = sh.view(-1, N, 4), at.view(-1, N, 2)
    there = shape > 0
    weight = torch.where(there, 3.0, 0.3)
    loss = loss + F.cross_entropy(k, kind) + F.cross_entropy(bg, background, ignore_index=-100)
    loss = loss + (F.cross_entropy(sh.flatten(0, 1), shape.flatten(), reduction="none").view_as(shape) * weight).sum(1).mean()
    error = ((at - place).abs() * there[..., None]).sum() / there.sum().clamp(min=1) / 2
    loss = loss + 10 * error
    things = kind == 0
    right = (sh.argmax(-1) == shape).all(1)[things].float().mean()
    figures = {"kind": (k.argmax(-1) == kind).float().mean(), "things": right, "place": error * SIZE,
               "background": (bg.argmax(-1) == background)[background >= 0].float().mean()}
    return loss, figures


def what_loss(heads, patches, labels):
    """Loss of what the vision tower finds in every patch of film, and the share of those that show something which it names right."""
    true = labels["what"].flatten()
    weight = torch.ones(OTHER + 1, device=true.device)
    weight[NOTHING] = 0.1
    told = heads.what(patches).float().flatten(0, 1)
    if not bool((true != UNKNOWN).any()):
        return told.sum() * 0, torch.full((), torch.nan)
    return F.cross_entropy(told, true, weight, ignore_index=UNKNOWN), (told.argmax(-1) == true)[true > NOTHING].float().mean()


def motion_loss(heads, half, batch):
    """Loss of the way since the first frame, read off the decoder's middle at the end of every later picture."""
    count, frames = batch.labels["kind"].shape
    x = half[batch.ends].view(count, frames, -1)
    sh, way, turn = heads.motion(x).split((N * 4, N * 2, N * 5), -1)
    shape, place = batch.labels["shape"], batch.labels["place"]
    there = shape > 0
    loss = F.cross_entropy(sh.reshape(-1, 4), shape.flatten(), torch.tensor([0.1, 1, 1, 1], device=x.device))
    if frames > 1:
        true = (place - place[:, :1])[:, 1:]
        error = (way.view(count, frames, N, 2)[:, 1:] - true).abs() * there[:, 1:, :, None]
        loss = loss + 10 * error.sum() / there[:, 1:].sum().clamp(min=1) / 2
        turn = turn.view(count, frames, N, 5)[:, -1].flatten(0, 1)
        loss = loss + 0.5 * F.cross_entropy(turn, batch.labels["motion"].flatten(), ignore_index=-100)
    return loss


def news_loss(heads, tokens, middle, batch):
    """Loss of what the picture tokens keep of the picture, and of what the decoder finds changed in each since the one before."""
    seen = F.smooth_l1_loss(heads.look(tokens).float(), batch.labels["look"].flatten(0, 1), beta=0.1)
    cells = batch.labels["cells"].flatten()
    if not bool((cells >= 0).any()):
        return seen, torch.zeros((), device=cells.device), seen * 0
    told = heads.news(middle[batch.slots]).float()
    loss = F.cross_entropy(told, cells, ignore_index=-100)
    asked = cells >= 0
    right = (told.argmax(-1) == cells)[asked].float().mean()
    return seen, loss, right


def keep_before(network):
    """Has the third quarter of the first layer's heads learn where the same part of the picture before stands: keeps what before_loss() needs."""
    attention = network.language_model.model.layers[0].self_attn
    attention.keep = list(range(attention.heads // 2, attention.heads * 3 // 4))


def before_loss(network, batch):
    """Loss of how well some heads of the first layer find the same part of the picture before, and the share of their attention there."""
    count, frames = batch.labels["cells"].shape[:2]
    q, k = network.language_model.model.layers[0].self_attn.match
    heads, length, size = q.shape[1:]
    at = batch.slots.nonzero()[:, 1].view(count, 1, frames * PICTURE_TOKENS)
    asked, true = at[..., PICTURE_TOKENS:], at[..., :-PICTURE_TOKENS]
    q = q.gather(2, asked[..., None].expand(-1, heads, -1, size))
    scores = q.float() @ k.float().transpose(-1, -2) * size ** -0.5
    later = torch.arange(length, device=at.device) > asked[..., None]
    told = scores.masked_fill(later, -torch.inf).log_softmax(-1).gather(3, true[..., None].expand(-1, heads, -1, 1))
    return -told.mean(), told.detach().exp().mean()


def stir_loss(heads, first, batch):
    """Loss of what the first layer finds of the light before, and of how it has moved: without these labels the layer takes very long to
    find that the two, multiplied, tell how far things have come."""
    coarse, come = batch.labels["coarse"][:, :-1], batch.labels["come"]
    later = first[batch.slots].unflatten(0, (len(come), -1, PICTURE_TOKENS))[:, 1:]
    return (heads.coarse(later).float() - coarse).square().mean() + (heads.come(later).float() - come).square().mean()


def flow_loss(heads, middle, batch):
    """Loss of how far the decoder finds that what each picture token shows has come."""
    flow = batch.labels["flow"].flatten(0, 2)
    known = flow.isfinite().all(1)
    told = heads.flow(middle[batch.slots]).float()
    return F.smooth_l1_loss(told[known], flow[known], beta=0.1) if bool(known.any()) else told.sum() * 0


def drift_loss(heads, state, batch):
    """Loss of how far all that moves has come since the picture before, at the end of every picture."""
    drift = batch.labels["drift"]
    known = drift.isfinite().all(-1)
    told = heads.drift(state[batch.ends]).float().view(drift.shape)
    return F.smooth_l1_loss(told[known], drift[known], beta=0.1) if bool(known.any()) else told.sum() * 0


def truth_loss(heads, hidden, batch):
    """Loss of what is known of a clip where its answer begins, and the share that is found right of every kind."""
    at = torch.tensor(batch.prompt_lengths, device=hidden.device) - 1
    told = heads.truth(hidden[torch.arange(len(at), device=at.device), at]).float()
    loss, figures = 0, {}
    for part, (kind, values), true in zip(told.split([len(v) for v in telling.VALUES.values()], -1), telling.VALUES.items(), batch.labels["truth"].T):
        if bool((true >= 0).any()):
            loss = loss + F.cross_entropy(part, true, ignore_index=-100)
            figures[kind] = (part.argmax(-1) == true)[true >= 0].float().mean()
    return loss, figures


def text_loss(network, half_and_hidden, batch):
    hidden = half_and_hidden
    at = batch.weight > 0
    before = torch.roll(at, -1, 1)
    logits = network.language_model.lm_head(hidden[before]).float()
    target = batch.ids[at]
    weight = batch.weight[at]
    loss = (F.cross_entropy(logits, target, reduction="none") * weight).sum() / weight.sum()
    right = (logits.argmax(-1) == target).float()
    return loss, ((right * (weight > 0.5)).sum() / (weight > 0.5).sum())


def silence_loss(network, silence, device):
    for name in ("ids", "weight", "slots"):
        setattr(silence, name, getattr(silence, name).to(device))
    nothing = torch.zeros(0, network.shape.hidden, device=device)
    return text_loss(network, network.read(silence.ids, nothing, silence.slots)[0], silence)[0]


def losses(network, heads, batch, phase, hold_trunk=False, beside=1.0):
    """The loss of a batch, and figures of how well it went."""
    if hold_trunk:
        batch.look(network)
        tokens = network.show(batch.patches)
    else:
        patches, tokens = network.see(batch.pixels())
    if phase == "see":
        return picture_loss(heads, patches, tokens, batch.labels)
    hidden, balance, states = network.read(batch.ids, tokens.flatten(0, 1), batch.slots)
    text, right = text_loss(network, hidden, batch)
    moving = motion_loss(heads, states[1], batch)
    seen, news, found = news_loss(heads, tokens, states[0], batch)
    loss = text + 0.01 * balance + 0.3 * moving + beside * (2.0 * seen + 2.0 * news)
    figures = {"look": seen, "news": news, "found": found, "moving": moving, "telling": text, "facts": right, "balance": balance / 4}
    if batch.frames > 1:
        before, share = before_loss(network, batch)
        stirred = stir_loss(heads, states[0], batch)
        flow = flow_loss(heads, states[1], batch)
        drift = drift_loss(heads, states[2], batch)
        truth, more = truth_loss(heads, hidden, batch)
        loss = loss + beside * (before + 2.0 * stirred + 10.0 * (flow + drift) + 0.3 * truth)
        figures |= {"before": share, "stir": stirred, "flow": flow, "drift": drift, **more}
    if not hold_trunk:
        seeing, more = picture_loss(heads, patches, tokens, batch.labels)
        naming, named = what_loss(heads, patches, batch.labels)
        loss = loss + 0.05 * seeing + 1.5 * naming
        figures = {**more, **figures, "what": named}
    return loss, figures
