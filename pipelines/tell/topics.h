/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The topics of cameras and rules, what a broker keeps of them, and what Home Assistant is told of them. */

#pragma once

#include "tell/mqtt.h"

G_BEGIN_DECLS

/* What a broker keeps under a topic. */
typedef struct
{
  char *topic;
  GBytes *payload;              /* NULL: nothing yet */
  gboolean due;                 /* to be sent */
  int id;                       /* of the message that is under way, 0: none */
  guint tries;                  /* that ended with the connection, in turn */
} L4Kept;

typedef struct
{
  char *alerts;                 /* topic of its records */
  L4Kept *state;
} L4TopicRule;

typedef struct
{
  L4Kept *status, *sentence, *summary, *picture;
  GHashTable *rules;            /* name: L4TopicRule */
} L4TopicCamera;

typedef struct
{
  char *status;                 /* topic of the program's own status, which is also that of its last will */
  GPtrArray *first;             /* of L4Kept: to be sent before alerts; what there is, and whether it is there */
  GPtrArray *last;              /* of L4Kept: to be sent behind them */
  GHashTable *cameras;          /* name: L4TopicCamera */
} L4Topics;

/* (transfer full) */
L4Topics *l4_topics_new (const L4MqttSettings *settings, const L4TellCamera *cameras, guint n_cameras, GError **error);
void l4_topics_free (L4Topics *self);

/* Takes the payload; it is due then. */
void l4_kept_set (L4Kept *self, GBytes *payload);
void l4_kept_set_text (L4Kept *self, const char *text);

/* {"time","sentence"}, of a summary {"from","time","summary"} (transfer full) */
char *l4_topics_said (const L4Said *said);

G_END_DECLS
