"""Named mistakes, made in the original by a run-time wrapper: dumps that a comparison must find at fault."""

import torch


def rotate_at_position_ids(keys: torch.Tensor, position_ids: torch.Tensor, attention) -> torch.Tensor:
    """Issue 8: keys (B,H,n,D) go to memory rotated at their position ids (B,n), where the original rotates at 0 (MEM-1)."""
    frequencies = attention.rotary_emb.inv_freq
    angles = position_ids.to(frequencies.dtype)[..., None] * frequencies  # (B,n,D/2)
    angles = torch.cat((angles, angles), dim=-1)[:, None]
    cos, sin = angles.cos().to(keys.dtype), angles.sin().to(keys.dtype)
    first, second = keys.chunk(2, dim=-1)
    return keys * cos + torch.cat((-second, first), dim=-1) * sin


VARIANTS = {"issue8": rotate_at_position_ids}
