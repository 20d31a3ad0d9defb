/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Films made of numbers: shots of textured scenes under a moving camera, with cuts, fades, dissolves, flashes and large things that move. */

#pragma once

#include <gst/video/video.h>

#define FILM_WIDTH 192
#define FILM_HEIGHT 108
#define FILM_FPS 25

typedef struct _Film Film;

/* As many hard cuts between shots of `shortest` to `longest` frames; the camera moves by up to `speed` of a picture's width a second. The
 * same seed is the same film. */
Film *film_new (guint32 seed, guint n_cuts, guint shortest, guint longest, double speed);
void film_free (Film * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Film, film_free)

guint film_n_frames (const Film * self);

/* The nth frame, I420. (transfer full) */
GstBuffer *film_draw (Film * self, guint n);

/* Whether what is shown changes between two frames, the one before the other: by a hard cut, or so that nobody can say whether by one. */
typedef enum
{
  FILM_SAME,
  FILM_CUT,
  FILM_UNCLEAR                  /* a fade or a dissolve lies between them */
} FilmChange;

FilmChange film_change (const Film * self, guint earlier, guint later);
