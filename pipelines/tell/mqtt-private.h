/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two sides of MQTT share: who tells, and the thread that owns the connection. */

#pragma once

#include "tell/mqtt.h"
#include "tell/queue.h"
#include "tell/topics.h"

typedef struct
{
  L4Tell base;
  L4TellQueue queue;            /* its lock also keeps the payloads of topics */
  L4TellVoice voice, fullness;
  L4Topics *topics;
  int wake;                     /* an eventfd: there is something to send */

  char *host, *user, *password, *ca_file, *certificate, *key, *who;
  guint port, keepalive, answer_ms, retry_ms;
  gboolean tls;
  GThread *thread;
  GCancellable *cancellable;    /* of looking for the broker */
  GCond left;                   /* with the queue's lock: the thread has ended */
  gboolean has_left;

  /* Only the thread's, which is the only one that calls libmosquitto for the client: */
  struct mosquitto *client;
  gboolean reached;             /* the host has taken the connection */
  gboolean accepted;            /* and the broker */
  gboolean silent;              /* it ended because nothing was heard any more, for which no message is to blame */
  int refusal;                  /* what the broker answered to CONNECT; 0: nothing bad */
  guint under_way;              /* messages sent, but not acknowledged */
  int farewell;                 /* the message that says that the program goes; 0: none is under way */
  guint failures;               /* connections in turn of which nothing came */
  char *detail;                 /* what libmosquitto logged last as an error */
} L4Mqtt;

/* The thread's function; it owns a reference. */
gpointer l4_mqtt_run (gpointer self);

void l4_mqtt_unref (L4Mqtt *self);
