/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A camera's view of a yard, made of numbers: a house and a tree whose leaves stir, sensor noise, light that changes, one who walks by. */

#pragma once

#include <gst/video/video.h>

#include "fixture.h"

#define YARD_WIDTH 320
#define YARD_HEIGHT 180
#define YARD_FPS 5
#define YARD_CAPS "video/x-raw,format=I420,width=320,height=180,framerate=5/1"

typedef struct
{
  double noise;                 /* of luma, at most */
  double leaves;                /* pixels by which they stir */
  double gain;                  /* of the light; 0: 1 */
  GstClockTime come, go;        /* when the walker is there; both 0: never */
  double at, speed;             /* pixels from the left when it comes, a second */
  guint size;                   /* pixels high, a third as wide */
  guint sharp;                  /* every so manieth frame is; 0: all are */
} Yard;

/* The frame at that time. (transfer full) */
GstBuffer *yard_draw (const Yard * self, GstClockTime time);

/* The same in another size and format. (transfer full) */
GstBuffer *yard_draw_as (const Yard * self, GstClockTime time, const GstVideoInfo * info);

/* An element that watches a yard, `when` something happens there, with prepared answers. */
#define YARD_SAID "{\"text\":\"First.\"}\n{\"text\":\"Second.\"}\n{\"text\":\"Third.\"}\n{\"text\":\"Fourth.\"}\n"
void yard_set_up (Fixture * fixture, Pads pads, const char *lines, const char *when);
void yard_watch (Fixture * fixture, const Yard * yard, GstClockTime from, GstClockTime to);

/* How many pieces have a text. */
guint count_texts (GArray * pieces);

/* Start, end and the first frame's time (or NULL) of a record. */
void yard_parse (const char *record, GstClockTime * start, GstClockTime * end, GstClockTime * first);
