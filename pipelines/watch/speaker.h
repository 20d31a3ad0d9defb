/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said of cameras: lines for people, or events as JSON. */

#pragma once

#include "cameras/cameras.h"
#include "run/progress.h"
#include "watch/news.h"

G_BEGIN_DECLS

/* To whom; borrowed. */
typedef struct
{
  const L4Cameras *cameras;
  L4Progress *progress;
  gboolean json;                /* everything on standard output is an event */
  gboolean quiet;               /* only alerts, and what goes wrong */
} L4Speaker;

/* An event of a camera, with the reason where there is one (or NULL): JSON alone. */
void l4_speaker_event (const L4Speaker *self, const char *name, guint camera, const char *reason);

/* What was said of a window, a summary, a text that grows: the latter is JSON alone. */
void l4_speaker_said (const L4Speaker *self, const L4News *said);

/* A line of JSON, and one for people, of what belongs to no camera; either may be NULL. */
void l4_speaker_done (const L4Speaker *self, const char *record, const char *text);

/* How many there were of all. */
typedef struct
{
  guint windows, alerts, unchanged, skipped, failed, left_out, undelivered;
} L4SpeakerCounts;

void l4_speaker_end (const L4Speaker *self, const L4SpeakerCounts *counts);

G_END_DECLS
