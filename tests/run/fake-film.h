/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Films that a test makes up, in place of those of files. */

#pragma once

#include "run/describe.h"

struct _L4Film
{
  L4FilmFacts facts;
  guint64 length;               /* nanoseconds; frames begin before it */
  guint64 fail_at;              /* frames from there on cannot be read; 0: all can */
  int orientation;              /* GstVideoOrientationMethod */

  /* Kept by the film. */
  guint64 from;
  guint n;                      /* frames given since the start */
  gint n_read;                  /* atomic; the same, ever */
};

/* 30000/1001 frames a second: no window of whole seconds begins at one. */
#define FAKE_FRAME(n) gst_util_uint64_scale ((n) * GST_SECOND, 1001, 30000)
