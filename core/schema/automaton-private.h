/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of states: every way in which the text so far can be read. */

#pragma once

#include "schema/automaton.h"
#include "schema/schema-private.h"

/* A container that a value stands in, and where that goes on afterwards. Frame 0 is none. */
typedef struct
{
  guint32 node;
  guint32 count;                /* items including this one; the next property */
  guint32 parent;               /* a frame */
  guint32 depth;                /* containers around the value */
} L4Frame;

/* Where in a node. */
enum
{
  L4_PLACE_BEFORE,              /* string, array, object: before its first byte; a word: its state */
  L4_PLACE_FIRST,               /* array, object: after the bracket, before the other one; string: after the quote, plus the characters' state */
  L4_PLACE_AFTER,               /* array, object: after an item or property */
  L4_PLACE_KEY                  /* object: in the key of the property `count`, plus its bytes so far */
};

/* One way to read the text so far. */
typedef struct
{
  guint32 node;                 /* L4_NO_NODE: the value is complete */
  guint32 place;
  guint32 count;                /* characters, items, or the next property, as far as that matters */
  guint32 frame;
} L4Thread;

/* Bytes that a thread needs to the end, and what they are. */
guint64 l4_thread_shortest (const L4Schema *schema, const L4Frame *frames, const L4Thread *thread);
void l4_thread_complete (const L4Schema *schema, const L4Frame *frames, const L4Thread *thread, GString *text);

/* Threads on their way through values, and the frames that these stand in. */
typedef struct
{
  const L4Schema *schema;
  GArray *frames;               /* of L4Frame */
  GHashTable *by_frame;         /* L4Frame → its number */
  GArray *next;                 /* of L4Thread: those that a step adds */
} L4Reading;

void l4_reading_init (L4Reading *self, const L4Schema *schema);
void l4_reading_clear (L4Reading *self);
void l4_reading_forget (L4Reading *self);       /* all frames but 0 */
guint32 l4_reading_frame (L4Reading *self, guint32 node, guint32 count, guint32 parent);

/* Adds the threads at the beginning of a value in a frame; those that a thread becomes by a byte. */
void l4_reading_begin (L4Reading *self, guint32 value, guint32 frame);
void l4_reading_step (L4Reading *self, const L4Thread *thread, guint8 byte);
