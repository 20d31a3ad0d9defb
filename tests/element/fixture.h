/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An element with a scripted describer, and what comes out of it. */

#pragma once

#include <gst/check/gstharness.h>

#define CAPS "video/x-raw,format=RGB,width=32,height=24,framerate=10/1"
#define FRAME_BYTES (32 * 24 * 3)
#define FRAME (GST_SECOND / 10)

/* An element between a source that the test pushes from and sinks for the pads that it asks for. */
typedef struct
{
  GstHarness *video;
  GstHarness *text;             /* NULL: not requested */
  GstHarness *json;
  GstElement *element;
  GstBus *bus;
  char *script;
  char *release;                /* the file that answers wait for */
} Fixture;

typedef enum
{
  TEXT = 1,
  JSON = 2,
  NO_CAPS = 4,
  NO_VIDEO = 8                  /* nothing is linked to src */
} Pads;

/* A file of answers; g_unlink() and g_free() it. */
char *write_script (const char *lines);

/* In lines: the answer waits until release_answers() or until it is cancelled. So tests do not depend on how quick the machine is. */
#define UNTIL_RELEASED "\"until\":\"RELEASE\""

/* Sets up an element that waits, with the side pads of `pads`, answers from lines, and one property. */
void set_up (Fixture * self, Pads pads, const char *lines, const char *property, const char *value);
void tear_down (Fixture * self);

void release_answers (Fixture * self);

/* Until the script is loaded: in skip mode nothing waits for it. */
void wait_for_model (Fixture * self);

/* Until a window is described whose answer is forecast to take so long; until a statistic has reached a value. */
void wait_for_forecast (Fixture * self, double ms);
void wait_for_stat (Fixture * self, const char *name, guint64 value);

/* Pushes a frame; frames every FRAME from `from` until `to`, which must come out of src again. */
GstFlowReturn push (Fixture * self, GstClockTime pts);
void push_until (Fixture * self, GstClockTime from, GstClockTime to);
void push_eos (Fixture * self);

/* A flush, after which there is no segment. */
void push_flush (Fixture * self);

/* A segment of time stamps from `start` to `stop` that is at `time` in the stream and at `base` in running time. */
void push_segment (Fixture * self, double rate, GstClockTime start, GstClockTime stop, GstClockTime time, GstClockTime base);

/* A text or, without one, a gap. */
typedef struct
{
  GstClockTime start, end;
  char *text;
} Piece;

/* Everything that a side pad's harness has got, up to the end of the stream, in order of time. (transfer full) */
GArray *collect (GstHarness * harness);

/* Waits until text and gaps reach `time`. */
void wait_until_covered (GstHarness * harness, GstClockTime time);

/* Text and gaps together leave nothing out and say nothing twice. */
void assert_covers (GArray * pieces, GstClockTime from, GstClockTime to);
const Piece *nth_text (GArray * pieces, guint n);       /* or NULL */
guint64 get_stat (Fixture * self, const char *name);
double get_figure (Fixture * self, const char *name);   /* NAN: there is none */

/* Plays a pipeline, whose end must come soon and without an error. */
void play_to_end (GstElement * pipeline);

#define TWO_ANSWERS "{\"text\":\"First.\"}\n{\"text\":\"Second.\"}\n"

typedef struct
{
  const char *name;
  GTestFunc run;
} Test;

/* Runs them under /PREFIX/; criticals are fatal. */
int run_tests (int argc, char **argv, const char *prefix, const Test * tests, guint n_tests);
