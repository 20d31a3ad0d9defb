/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames with what a detector and a tracker would say of them, and what comes of such frames. */

#pragma once

#include <gst/analytics/analytics.h>

#include "fixture.h"

/* What is detected in a frame. */
typedef struct
{
  guint64 id;
  const char *label;            /* NULL: none */
  gint x, y, width, height;     /* pixels */
  float confidence;
  enum
  { TRACKED, UNTRACKED, LOST, TRACKED_BACKWARDS } tracking;
} Detected;

/* A frame of that size with a picture in which every pixel differs from its neighbours. (transfer full) */
GstBuffer *analytics_draw (guint width, guint height, GstClockTime pts);

/* Adds detections, with relations as trackers make them. */
void analytics_add (GstBuffer * buffer, const Detected * detected, guint n);

/* Pushes frames of the fixture's caps with those detections, every FRAME. */
void analytics_push (Fixture * self, GstClockTime from, GstClockTime to, const Detected * detected, guint n);

/* What the prepared answer's {pictures} is for a part of analytics_draw()'s picture that is shown alone, pixel for pixel, from column
 * `black` to before `shown` black. (transfer full) */
char *analytics_sum (guint x, guint y, guint width, guint height, guint black, guint shown);

/* A fixture that is as set_up() makes it, with properties ("name", "value", …, NULL) that are taken before anything plays. */
void analytics_set_up (Fixture * self, Pads pads, const char *lines, ...) G_GNUC_NULL_TERMINATED;

/* The next description. (transfer full) */
GstMessage *analytics_expect (Fixture * self);

/* Somebody who is detected in a frame of the fixture's caps, and what the model says of objects: which pixels it is shown. */
#define ANALYTICS_PERSON { 7, "person", 8, 4, 8, 8, 0.9, TRACKED }
#define ANALYTICS_LINES "{\"when\":\"Describe this\",\"text\":\"{pictures}\"}\n{\"text\":\"A yard.\"}\n"

/* Frames as analytics_push() makes them, in which that one is. */
void analytics_push_person (Fixture * self, GstClockTime from, GstClockTime to);

/* The ids of the objects in the next description, in their order, are these: "7 8". */
void analytics_expect_ids (Fixture * self, const char *expected);
